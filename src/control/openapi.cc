// SPDX-License-Identifier: Apache-2.0
#include "control/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "control/admin_http.h"
#include "control/api_schemas.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

// An answer that means the same wherever it comes.
struct SharedAnswer {
  int status;
  std::string_view name;
  std::string_view meaning;
};

constexpr SharedAnswer kShared[] = {
    {400, "BadRequest", "The request cannot be understood; nothing was changed."},
    {401, "Unauthorized", "The token is missing or wrong."},
    {403, "Forbidden", "Host is no literal address, a proxy has passed the request on, or Origin is another site."},
    {404, "NotFound", "There is no such service or node; nothing was changed."},
    {405, "MethodNotAllowed", "The path has other methods: Allow lists them."},
    {408, "RequestTimeout", "The request did not come whole in time; nothing was changed."},
    {409, "Conflict",
     "The file was changed by hand, a listener cannot be opened, or tenfold is shutting down; nothing was changed."},
    {412, "PreconditionFailed", "If-Match names another topology than the one that runs; nothing was changed."},
    {413, "ContentTooLarge", "The body is too large, or does not tell its length."},
    {414, "UriTooLong", "The target is too long."},
    {417, "ExpectationFailed", "Only 100-continue can be expected."},
    {421, "MisdirectedRequest", "Another topology file runs here than Tenfold-File names; nothing was changed."},
    {422, "UnprocessableContent",
     "The topology would not be valid, with this change or as the file is; nothing was changed."},
    {431, "RequestHeaderFieldsTooLarge", "The head is too large."},
    {500, "InternalServerError", "The file cannot be written; nothing was changed."},
    {501, "NotImplemented", "The method is CONNECT, or too long."},
    {505, "HttpVersionNotSupported", "The version of HTTP is not 1.0 or 1.1."},
};

std::string_view name_of_shared(int status) {
  const auto* found = std::ranges::find(kShared, status, &SharedAnswer::status);
  return found == std::end(kShared) ? std::string_view() : found->name;
}

// What one who calls may be answered before it is looked up what the call is.
std::vector<int> statuses_of(const ApiCall& call) {
  std::vector<int> statuses = call.statuses;
  statuses.insert(statuses.end(), {400, 403, 408, 413, 414, 417, 431, 505});
  if (!is_open_to_all(call.pattern)) statuses.push_back(401);
  if (depends_on_file(call.method, call.pattern)) statuses.push_back(421);
  std::ranges::sort(statuses);
  statuses.erase(std::ranges::unique(statuses).begin(), statuses.end());
  return statuses;
}

Json json_content(std::string_view type) {
  return {{"application/json", {{"schema", api_schema(type)}}}};
}

Json shared_answers() {
  Json answers;
  for (const SharedAnswer& shared : kShared) {
    Json& answer =
        answers[std::string(shared.name)] = {{"description", shared.meaning}, {"content", json_content("Error")}};
    if (shared.status == 405) answer["headers"]["Allow"] = {{"schema", api_schema("text")}};
  }
  return answers;
}

Json answer_of(const ApiCall& call, int status) {
  if (const std::string_view shared = name_of_shared(status); !shared.empty())
    return {{"$ref", "#/components/responses/" + std::string(shared)}};
  Json answer = {{"description", status == 201   ? "Added; the topology that runs has it."
                                 : status == 503 ? "Not ready."
                                                 : "Done."}};
  answer["content"] =
      call.answer.empty() ? Json{{"text/plain", {{"schema", api_schema("text")}}}} : json_content(call.answer);
  if (call.has_etag)
    answer["headers"]["ETag"] = {{"description", "Of the topology that runs, for If-Match."},
                                 {"schema", api_schema("text")}};
  return answer;
}

Json parameter(std::string_view name, std::string_view place, bool required, std::string_view doc) {
  return {{"name", name}, {"in", place}, {"required", required}, {"description", doc}, {"schema", api_schema("text")}};
}

Json parameters_of(const ApiCall& call) {
  static constexpr ApiParameter kOfPath[] = {{"service", true, "Its full name, as \"web.shop\"."},
                                             {"address", true, "The node's, as \"10.0.0.13:8000\"."}};
  Json parameters = Json::array();
  for (const ApiParameter& segment : kOfPath) {
    if (call.pattern.contains(fmt::format("{{{}}}", segment.name)))
      parameters.push_back(parameter(segment.name, "path", true, segment.doc));
  }
  for (const ApiParameter& query : call.query)
    parameters.push_back(parameter(query.name, "query", query.required, query.doc));
  if (call.method != "GET")
    parameters.push_back(
        parameter("If-Match", "header", false, "The change is made only while this ETag's topology runs."));
  if (depends_on_file(call.method, call.pattern))
    parameters.push_back(parameter("Tenfold-File", "header", false,
                                   "The topology file that is meant, percent-encoded: where another one runs, 421."));
  return parameters;
}

Json operation_of(const ApiCall& call) {
  Json operation = {{"operationId", call.id}, {"summary", call.summary}};
  if (Json parameters = parameters_of(call); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!call.body.empty()) operation["requestBody"] = {{"required", true}, {"content", json_content(call.body)}};
  for (int status : statuses_of(call)) operation["responses"][std::to_string(status)] = answer_of(call, status);
  if (is_open_to_all(call.pattern)) operation["security"] = Json::array();
  return operation;
}

}  // namespace

Json openapi_json(std::string_view version, const std::vector<ApiCall>& calls) {
  Json paths = Json::object();
  for (const ApiCall& call : calls) {
    std::string method(call.method);
    for (char& c : method) c = to_lower(c);
    paths[std::string(call.pattern)][method] = operation_of(call);
  }
  const Json token = {
      {"type", "http"}, {"scheme", "bearer"}, {"description", "[admin] token of the topology file, where one is set."}};
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Tenfold admin API"},
            {"version", version},
            {"description",
             "HEAD is answered as GET. A path that is not described here is answered with 404, another method of one "
             "that is with 405, and CONNECT with 501."},
            {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
          {"security", Json::array({Json::object(), Json{{"token", Json::array()}}})},
          {"paths", paths},
          {"components",
           {{"securitySchemes", {{"token", token}}}, {"responses", shared_answers()}, {"schemas", api_schemas()}}}};
}

}  // namespace tenfold::control
