// SPDX-License-Identifier: Apache-2.0
#include "control/admin_api.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/hash.h"
#include "base/limits.h"
#include "control/explain.h"
#include "control/file_text.h"
#include "control/json_text.h"
#include "control/keys.h"
#include "control/metrics.h"
#include "control/openapi.h"
#include "control/status_json.h"
#include "control/topology_edit.h"
#include "wire/http/conditional.h"
#include "wire/http/target.h"

namespace tenfold::control {

using Json = nlohmann::ordered_json;

namespace {

AdminResponse json_response(const Json& value, int status = 200) {
  AdminResponse response;
  response.status = status;
  response.body = json_text(value) + "\n";
  return response;
}

AdminResponse explanation_response(const Json& explanation) {
  return json_response(explanation, explanation.contains("error") ? 400 : 200);
}

AdminResponse text_response(int status, std::string body, std::string type = "text/plain; charset=utf-8") {
  AdminResponse response;
  response.status = status;
  response.content_type = std::move(type);
  response.body = std::move(body);
  return response;
}

// A weight as a request body gives it.
std::optional<std::uint32_t> weight_of(const Json& value) {
  const Key* key = find_key(Section::kWebNode, "weight");
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > key->most) return std::nullopt;
  return static_cast<std::uint32_t>(value.get<std::uint64_t>());
}

// The object that a body is; the error is a sentence. A key that stands there twice is not taken for its last value:
// readers of JSON differ in which one they take (RFC 8259 section 4).
std::expected<Json, std::string> object_of(std::string_view text) {
  std::set<std::string> keys;
  std::string twice;
  const auto note = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key && !keys.insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  Json body = Json::parse(text, note, false);
  if (!body.is_discarded() && !twice.empty()) return std::unexpected(fmt::format("the key \"{}\" stands twice", twice));
  return body;
}

// A node as a request body gives it; the error is a sentence.
std::expected<cluster::NodeSpec, std::string> node_of(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::unexpected(object.error());
  const Json& body = *object;
  if (!body.is_object() || !body.contains("address") || !body["address"].is_string())
    return std::unexpected("the body is a JSON object with an \"address\"");
  const auto address = Address::parse(body["address"].get<std::string>());
  if (!address) return std::unexpected(address.error());
  cluster::NodeSpec node;
  node.address = *address;
  for (const auto& [key, value] : body.items()) {
    if (const auto weight = weight_of(value); key == "weight" && weight) {
      node.weight = *weight;
    } else if (key == "zone" && value.is_string()) {
      node.zone = value.get<std::string>();
    } else if (key != "address") {
      return std::unexpected("\"weight\" is a number from 0 to 1000, \"zone\" is a text, and there is no other key");
    }
  }
  return node;
}

std::expected<NodeChange, std::string> change_of(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return std::unexpected(object.error());
  const Json& body = *object;
  if (!body.is_object()) return std::unexpected("the body is a JSON object with \"weight\" or \"state\"");
  NodeChange change;
  for (const auto& [key, value] : body.items()) {
    if (const auto weight = weight_of(value); key == "weight" && weight) {
      change.weight = weight;
    } else if (key == "state" && (value == "drain" || value == "enabled")) {
      change.state = value == "drain" ? cluster::AdminState::kDrain : cluster::AdminState::kEnabled;
    } else {
      return std::unexpected("\"weight\" is a number from 0 to 1000, \"state\" is \"drain\" or \"enabled\"");
    }
  }
  return change;
}

}  // namespace

struct AdminApi::Route {
  ApiCall call;
  runtime::Task<AdminResponse> (AdminApi::*handle)(AdminRequest, Arguments);
};

const std::vector<AdminApi::Route>& AdminApi::routes() {
  static const std::string nodes = "/v1/services/{service}/nodes";
  static const std::string node = nodes + "/{address}";
  static const ApiParameter verbose = {"verbose", false, "Says of each service whether it can be served."};
  static const ApiParameter url = {"url", true, "http://HOST:PORT/PATH, or /PATH."};
  static const ApiParameter service = {"service", true, "A cache service, as \"sessions\" or \"cache.sessions\"."};
  static const ApiParameter key = {"key", true, "A key, as clients write it."};
  static const std::vector<int> edited = {200, 404, 409, 412, 422, 500};
  static const std::vector<Route> routes = {
      {{"GET", "/livez", "getLivez", "The program runs; depends on nothing else.", {200}}, &AdminApi::get_livez},
      {{"GET", "/readyz", "getReadyz", "Each service can be served.", {200, 503}, {}, false, {verbose}},
       &AdminApi::get_readyz},
      {{"GET", "/metrics", "getMetrics", "Counters in Prometheus text format.", {200}}, &AdminApi::get_metrics},
      {{"GET", "/openapi.json", "getOpenapi", "This description.", {200}, "object"}, &AdminApi::get_openapi},
      {{"GET", "/v1/topology", "getTopology", "What runs; its ETag is for If-Match.", {200}, "Topology", true},
       &AdminApi::get_topology},
      {{"GET", "/v1/status", "getStatus", "Nodes: health with reasons, load, latency.", {200}, "Status", true},
       &AdminApi::get_status},
      {{"GET", "/v1/events", "getEvents", "The last 256 events.", {200}, "Event[]"}, &AdminApi::get_events},
      {{"GET", "/v1/diff", "getDiff", "What a reload would change.", {200, 422}, "Difference"}, &AdminApi::get_diff},
      {{"POST", "/v1/reload", "reload", "Makes the file what runs.", {200, 409, 412, 422}, "Changed", true},
       &AdminApi::post_reload},
      {{"GET", "/v1/explain/http", "explainHttp", "Where a URL goes, and why.", {200}, "HttpExplanation", false, {url}},
       &AdminApi::get_explain_http},
      {{"GET",
        "/v1/explain/cache",
        "explainCache",
        "Which node has a key, and why.",
        {200},
        "CacheExplanation",
        false,
        {service, key}},
       &AdminApi::get_explain_cache},
      {{"GET", "/v1/services/{service}", "getService", "One service, as in the status.", {200, 404}, "Service"},
       &AdminApi::get_service},
      {{"POST",
        nodes,
        "addNode",
        "Adds a node, in the file too.",
        {201, 404, 409, 412, 422, 500},
        "Changed",
        true,
        {},
        "NodeToAdd"},
       &AdminApi::post_node},
      {{"GET", node, "getNode", "One node.", {200, 404}, "Node"}, &AdminApi::get_node},
      {{"PATCH",
        node,
        "changeNode",
        "Changes weight or state, in the file too.",
        edited,
        "Changed",
        true,
        {},
        "NodeChange"},
       &AdminApi::patch_node},
      {{"DELETE", node, "removeNode", "Removes a node, in the file too.", edited, "Changed", true},
       &AdminApi::delete_node},
  };
  return routes;
}

std::vector<ApiCall> AdminApi::calls() {
  std::vector<ApiCall> calls;
  for (const Route& route : routes()) calls.push_back(route.call);
  return calls;
}

namespace {

// The segments that {…} stand for, when the path has the pattern's shape. An address takes what is left: it may be the
// path of a Unix socket.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> arguments;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
    if (open == pattern.npos) return path.size() == pattern.size() ? std::optional(arguments) : std::nullopt;
    path.remove_prefix(open);
    pattern.remove_prefix(open);
    const bool takes_all = pattern == "{address}";
    pattern.remove_prefix(pattern.find('}') + 1);
    const std::size_t end = takes_all ? path.size() : std::min(path.find('/'), path.size());
    if (end == 0) return std::nullopt;
    auto decoded = http::decode_path(path.substr(0, end));
    if (!decoded) return std::nullopt;
    arguments.push_back(std::move(*decoded));
    path.remove_prefix(end);
  }
  return path.empty() ? std::optional(arguments) : std::nullopt;
}

}  // namespace

AdminApi::AdminApi(Controller& controller, LoadedTopology loaded, ProgramFacts facts,
                   std::function<void(bool)> on_reload, Load load)
    : controller_(controller),
      loaded_(std::move(loaded)),
      facts_(std::move(facts)),
      on_reload_(std::move(on_reload)),
      load_(std::move(load)) {}

runtime::Task<AdminResponse> AdminApi::handle(AdminRequest request) {
  std::string allowed;
  for (const Route& route : routes()) {
    auto arguments = match(route.call.pattern, request.path);
    if (!arguments) continue;
    if (route.call.method == request.method)
      co_return co_await (this->*route.handle)(std::move(request), std::move(*arguments));
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.call.method);
  }
  if (allowed.empty())
    co_return admin_error(404, "there is nothing at this path", "GET /openapi.json lists what there is");
  AdminResponse response = admin_error(405, "the method does not fit the path", "use " + allowed);
  response.allow = allowed;
  co_return response;
}

// -- Reading -------------------------------------------------------------------------------------------------------

runtime::Task<AdminResponse> AdminApi::get_livez(AdminRequest, Arguments) {
  co_return text_response(200, "ok\n");
}

runtime::Task<AdminResponse> AdminApi::get_readyz(AdminRequest request, Arguments) {
  std::string lines;
  bool ready = true;
  const auto say = [&](bool good, std::string_view what, std::string_view why) {
    ready &= good;
    lines += good ? fmt::format("[+]{} ok\n", what) : fmt::format("[-]{} failed: {}\n", what, why);
  };
  say(controller_.phase() == Controller::Phase::kServing, "serving",
      controller_.phase() == Controller::Phase::kStarting ? "starting" : "shutting down");
  for (const cluster::ServiceStatusPtr& service : controller_.health().services) {
    const bool usable = std::ranges::any_of(service->nodes, &cluster::NodeStatus::usable);
    if (!service->nodes.empty()) say(usable && !service->panic, service->service, "no node is up");
  }
  if (!request.has_parameter("verbose")) lines = ready ? "ok\n" : "not ready; see /readyz?verbose\n";
  co_return text_response(ready ? 200 : 503, std::move(lines));
}

runtime::Task<AdminResponse> AdminApi::get_metrics(AdminRequest, Arguments) {
  const planes::PlaneReading reading = co_await controller_.collect();
  co_return text_response(200, metrics_page(controller_, reading, facts_.version),
                          "text/plain; version=0.0.4; charset=utf-8");
}

runtime::Task<AdminResponse> AdminApi::get_openapi(AdminRequest, Arguments) {
  co_return json_response(openapi_json(facts_.version, calls()));
}

runtime::Task<AdminResponse> AdminApi::get_topology(AdminRequest, Arguments) {
  AdminResponse response = json_response(topology_json(*controller_.topology()));
  response.etag = etag();
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::get_status(AdminRequest, Arguments) {
  const planes::PlaneReading reading = co_await controller_.collect();
  Json status = status_json(controller_, reading);
  status["version"] = facts_.version;
  status["io"] = facts_.io;
  status["file"] = loaded_.file_name;
  AdminResponse response = json_response(status);
  response.etag = etag();
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::get_events(AdminRequest, Arguments) {
  Json list = Json::array();
  for (const EventLog::Entry& entry : controller_.events().entries())
    list.push_back(
        {{"time", entry.time}, {"level", name_of(entry.level)}, {"event", entry.event}, {"details", entry.details}});
  co_return json_response(list);
}

runtime::Task<AdminResponse> AdminApi::get_diff(AdminRequest, Arguments) {
  const LoadedTopology next = load_topology(loaded_.file_name);
  if (!next.ok())
    co_return json_response({{"error", "the topology file is invalid"}, {"diagnostics", diagnostics_json(next)}}, 422);
  const Difference difference = difference_of(*controller_.topology(), next.topology);
  co_return json_response({{"epoch", controller_.topology()->epoch},
                           {"changes", difference.lines},
                           {"needs_restart", difference.needs_restart}});
}

runtime::Task<AdminResponse> AdminApi::get_explain_http(AdminRequest request, Arguments) {
  co_return explanation_response(explain_http(controller_, request.parameter("url")));
}

runtime::Task<AdminResponse> AdminApi::get_explain_cache(AdminRequest request, Arguments) {
  const planes::PlaneReading reading = co_await controller_.collect();
  co_return explanation_response(
      explain_cache(controller_, reading, request.parameter("service"), request.parameter("key")));
}

runtime::Task<AdminResponse> AdminApi::get_service(AdminRequest, Arguments arguments) {
  const planes::PlaneReading reading = co_await controller_.collect();
  if (auto missing = not_found(arguments[0])) co_return std::move(*missing);
  co_return json_response(service_json(controller_, reading, arguments[0]));
}

runtime::Task<AdminResponse> AdminApi::get_node(AdminRequest, Arguments arguments) {
  const auto address = Address::parse(arguments[1]);
  if (!address) co_return admin_error(400, address.error());
  const planes::PlaneReading reading = co_await controller_.collect();
  if (auto missing = not_found(arguments[0], *address)) co_return std::move(*missing);
  co_return json_response(node_json(controller_, reading, arguments[0], *address));
}

// Why there is no such service, or no such node of it; nullopt when there is.
std::optional<AdminResponse> AdminApi::not_found(std::string_view service, const std::optional<Address>& node) const {
  const cluster::Service* found = controller_.topology()->find(service);
  if (found == nullptr) {
    std::string others;
    for (const cluster::Service& other : controller_.topology()->services)
      others += (others.empty() ? "; there is " : ", ") + other.full_name();
    return admin_error(404, fmt::format("there is no service {}{}", service, others),
                       "`tenfold status` lists services and nodes");
  }
  if (!node || std::ranges::count(found->nodes, *node, &cluster::NodeSpec::address) > 0) return std::nullopt;
  return admin_error(404, fmt::format("{} has no node {}", service, node->to_text()),
                     "`tenfold status` lists services and nodes");
}

// -- Changing ------------------------------------------------------------------------------------------------------

// Another program has changed the file since it was read: an edit of ours would undo that, or be undone by it.
AdminResponse AdminApi::conflict_on_disk() const {
  return admin_error(409, fmt::format("{} was changed since it was loaded", loaded_.file_name),
                     "run `tenfold diff`, then `tenfold reload`, then try again");
}

// Of what runs, and of no other topology: epochs begin again with each start, so the text counts too.
std::string AdminApi::etag() const {
  return fmt::format("\"{}-{:016x}\"", controller_.topology()->epoch, hash_of(loaded_.text));
}

// Why a change must not be made, by its If-Match; nullopt where it may.
std::optional<AdminResponse> AdminApi::unmet_condition(const AdminRequest& request) const {
  if (!request.if_match) return std::nullopt;
  const std::optional<bool> holds = http::if_match_holds(*request.if_match, etag());
  if (!holds)
    return admin_error(400, "If-Match is \"*\", or a list of entity tags in their quotes",
                       "send the ETag of GET /v1/topology as it is");
  if (*holds) return std::nullopt;
  return admin_error(412,
                     fmt::format("the topology has changed meanwhile: epoch {} runs", controller_.topology()->epoch),
                     "read it again, then try again");
}

runtime::Task<AdminResponse> AdminApi::apply_file(const Controller::Turn& turn, LoadedTopology next) {
  auto changed = co_await controller_.change(turn, next.topology);
  if (!changed) co_return admin_error(409, changed.error(), "nothing was changed");
  loaded_ = std::move(next);
  Json result = {{"epoch", changed->epoch},
                 {"changes", changed->difference.lines},
                 {"needs_restart", changed->difference.needs_restart}};
  result["warnings"] = diagnostics_json(loaded_);
  AdminResponse response = json_response(result);
  response.etag = etag();
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::reload(AdminRequest request) {
  const auto turn = co_await controller_.take_turn();
  if (!turn) co_return admin_error(409, turn.error(), "nothing was changed");
  if (auto refused = unmet_condition(request)) co_return std::move(*refused);
  LoadedTopology next = load_(loaded_.file_name);
  if (!next.ok()) {
    controller_.events().add(EventLog::Level::kError, "reload_refused",
                             {{"file", loaded_.file_name},
                              {"problem", next.diagnostics.all().front().message},
                              {"line", std::to_string(next.diagnostics.all().front().at.line)}});
    co_return json_response({{"error", "the topology file is invalid; the old topology keeps serving"},
                             {"diagnostics", diagnostics_json(next)}},
                            422);
  }
  on_reload_(true);
  AdminResponse response = co_await apply_file(*turn, std::move(next));
  on_reload_(false);
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::post_reload(AdminRequest request, Arguments) {
  co_return co_await reload(std::move(request));
}

// Writes the file first: what runs is never ahead of what a restart would read. All of it in one turn, so that no edit
// begins with a file that another is about to replace.
runtime::Task<AdminResponse> AdminApi::apply_edit(AdminRequest request, const Place& place, const Edit& edit) {
  const auto turn = co_await controller_.take_turn();
  if (!turn) co_return admin_error(409, turn.error(), "nothing was changed");
  if (auto missing = not_found(place.service, place.node)) co_return std::move(*missing);
  if (auto refused = unmet_condition(request)) co_return std::move(*refused);
  auto edited = edit(loaded_);
  if (!edited) co_return admin_error(422, edited.error(), "nothing was changed");
  const auto on_disk = read_file(loaded_.file_name, limits::kTopologyFileBytesMost);
  if (!on_disk) co_return admin_error(409, on_disk.error(), "nothing was changed");
  if (*on_disk != loaded_.text) co_return conflict_on_disk();
  if (const auto written = replace_file(loaded_.file_name, edited->text); !written)
    co_return admin_error(500, written.error(), "nothing was changed");
  AdminResponse response = co_await apply_file(*turn, std::move(*edited));
  // Refused after all: the file says again what runs.
  if (response.status >= 400) static_cast<void>(replace_file(loaded_.file_name, loaded_.text));
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::post_node(AdminRequest request, Arguments arguments) {
  const auto node = node_of(request.body);
  if (!node) co_return admin_error(400, node.error(), "for example {\"address\": \"10.0.0.13:8000\"}");
  const Edit edit = [&](const LoadedTopology& loaded) { return add_node(loaded, arguments[0], *node); };
  const Place place = {arguments[0], std::nullopt};
  AdminResponse response = co_await apply_edit(std::move(request), place, edit);
  if (response.status == 200) response.status = 201;
  co_return response;
}

runtime::Task<AdminResponse> AdminApi::patch_node(AdminRequest request, Arguments arguments) {
  const auto address = Address::parse(arguments[1]);
  if (!address) co_return admin_error(400, address.error());
  const auto change = change_of(request.body);
  if (!change) co_return admin_error(400, change.error(), "for example {\"state\": \"drain\"}");
  const Edit edit = [&](const LoadedTopology& loaded) { return change_node(loaded, arguments[0], *address, *change); };
  const Place place = {arguments[0], *address};
  co_return co_await apply_edit(std::move(request), place, edit);
}

runtime::Task<AdminResponse> AdminApi::delete_node(AdminRequest request, Arguments arguments) {
  const auto address = Address::parse(arguments[1]);
  if (!address) co_return admin_error(400, address.error());
  const Edit edit = [&](const LoadedTopology& loaded) { return remove_node(loaded, arguments[0], *address); };
  const Place place = {arguments[0], *address};
  co_return co_await apply_edit(std::move(request), place, edit);
}

}  // namespace tenfold::control
