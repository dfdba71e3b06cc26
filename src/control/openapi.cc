// SPDX-License-Identifier: Apache-2.0
#include "control/openapi.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

std::string_view meaning_of(int status) {
  switch (status) {
    case 201:
      return "Added; the topology that runs has it.";
    case 400:
      return "The request cannot be understood; nothing was changed.";
    case 401:
      return "The token is missing or wrong.";
    case 403:
      return "Host is no literal address, or Origin is another site.";
    case 404:
      return "There is no such service or node.";
    case 409:
      return "The file was changed by hand, a listener cannot be opened, or tenfold is shutting down; nothing was "
             "changed.";
    case 412:
      return "If-Match names another topology than the one that runs; nothing was changed.";
    case 422:
      return "The topology would not be valid, with this change or as the file is; nothing was changed.";
    case 500:
      return "The file cannot be written; nothing was changed.";
    case 503:
      return "Not ready.";
    default:
      return "Done.";
  }
}

std::string_view media_type_of(std::string_view pattern, int status) {
  const bool is_text = pattern == "/livez" || pattern == "/readyz" || pattern == "/metrics";
  return is_text && (status == 200 || status == 503) ? "text/plain" : "application/json";
}

Json parameter(std::string_view name, std::string_view place, bool required, std::string_view doc) {
  Json result = {{"name", name}, {"in", place}, {"required", required}, {"schema", {{"type", "string"}}}};
  if (!doc.empty()) result["description"] = doc;
  return result;
}

Json body_schema(ApiBody body) {
  const Json weight = {{"type", "integer"}, {"minimum", 0}, {"maximum", find_key(Section::kWebNode, "weight")->most}};
  if (body == ApiBody::kNode)
    return {{"type", "object"},
            {"properties", {{"address", {{"type", "string"}}}, {"weight", weight}, {"zone", {{"type", "string"}}}}},
            {"required", Json::array({"address"})},
            {"additionalProperties", false}};
  return {{"type", "object"},
          {"properties", {{"weight", weight}, {"state", {{"enum", find_key(Section::kWebNode, "state")->choices}}}}},
          {"additionalProperties", false}};
}

Json operation_of(const ApiCall& call) {
  Json operation = {{"summary", call.summary}};
  Json parameters = Json::array();
  for (std::string_view name : {"service", "address"}) {
    if (call.pattern.contains(fmt::format("{{{}}}", name))) parameters.push_back(parameter(name, "path", true, {}));
  }
  for (const ApiParameter& query : call.query)
    parameters.push_back(parameter(query.name, "query", query.required, query.doc));
  if (call.method != "GET")
    parameters.push_back(
        parameter("If-Match", "header", false, "The change is made only while this ETag's topology runs."));
  if (!parameters.empty()) operation["parameters"] = std::move(parameters);
  if (call.body != ApiBody::kNone)
    operation["requestBody"] = {{"required", true},
                                {"content", {{"application/json", {{"schema", body_schema(call.body)}}}}}};
  std::vector<int> statuses = call.statuses;
  statuses.push_back(403);
  if (call.pattern != "/livez" && call.pattern != "/readyz") statuses.push_back(401);
  std::ranges::sort(statuses);
  for (int status : statuses) {
    Json response = {{"description", meaning_of(status)}};
    response["content"][std::string(media_type_of(call.pattern, status))] = Json::object();
    operation["responses"][std::to_string(status)] = std::move(response);
  }
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
  return {{"openapi", "3.1.0"}, {"info", {{"title", "Tenfold admin API"}, {"version", version}}}, {"paths", paths}};
}

}  // namespace tenfold::control
