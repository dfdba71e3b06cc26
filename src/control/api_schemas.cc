// SPDX-License-Identifier: Apache-2.0
#include "control/api_schemas.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/cache_ring.h"
#include "cluster/node_health.h"
#include "control/event_log.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

// A member of an object. One whose name ends with '?' may be absent.
struct Member {
  std::string_view object;
  std::string_view name;
  std::string_view type;  // as api_schema() reads it
  std::string_view doc = {};
};

constexpr Member kOfErrors[] = {
    {"Error", "error", "text", "What is wrong."},
    {"Error", "help?", "text", "What to do; may be empty."},
    {"Error", "diagnostics?", "Diagnostic[]", "Where the topology file is invalid."},
    {"Diagnostic", "severity", "Severity"},
    {"Diagnostic", "file", "text"},
    {"Diagnostic", "line", "count", "From 1; 0 where it is about the whole file."},
    {"Diagnostic", "column", "count"},
    {"Diagnostic", "message", "text"},
    {"Diagnostic", "help", "text"},
    {"Diagnostic", "rendered", "text", "All of it as `tenfold check` prints it, with the line and a caret."},
};

constexpr Member kOfChanges[] = {
    {"NodeToAdd", "address", "text", "\"10.0.0.13:8000\", \"[::1]:8000\" or \"unix:/path\"."},
    {"NodeToAdd", "weight?", "Weight"},
    {"NodeToAdd", "zone?", "text"},
    {"NodeChange", "weight?", "Weight"},
    {"NodeChange", "state?", "NodeWish"},
    {"Difference", "epoch", "count", "Of the topology that runs."},
    {"Difference", "changes", "text[]", "\"+ web.shop node 10.0.0.13:8000\" …"},
    {"Difference", "needs_restart", "text[]", "What only a restart changes."},
    {"Changed", "epoch", "count", "Of the topology that runs now."},
    {"Changed", "changes", "text[]", "\"+ web.shop node 10.0.0.13:8000\" …"},
    {"Changed", "needs_restart", "text[]", "What only a restart changes."},
    {"Changed", "warnings", "Diagnostic[]", "Of the topology file."},
};

constexpr Member kOfTheTopology[] = {
    {"Topology", "epoch", "count", "Grows by one with each change."},
    {"Topology", "services", "ServiceSettings[]"},
    {"ServiceSettings", "name", "text", "\"web.shop\""},
    {"ServiceSettings", "tier", "Tier"},
    {"ServiceSettings", "host?", "text", "Of a web service; \"\" for any."},
    {"ServiceSettings", "path?", "text", "Of a web service."},
    {"ServiceSettings", "root?", "text", "Of a web service that serves files."},
    {"ServiceSettings", "protocol?", "CacheProtocol", "Of a cache service."},
    {"ServiceSettings", "ring?", "text", "Of a cache service."},
    {"ServiceSettings", "listen", "text[]"},
    {"ServiceSettings", "nodes", "NodeSettings[]"},
    {"NodeSettings", "address", "text"},
    {"NodeSettings", "weight", "Weight"},
    {"NodeSettings", "zone", "text"},
    {"NodeSettings", "state", "NodeWish"},
};

// What is counted is absent until the workers have told it.
constexpr Member kOfTheStatus[] = {
    {"Status", "phase", "Phase"},
    {"Status", "epoch", "count"},
    {"Status", "uptime_seconds", "number"},
    {"Status", "process", "count"},
    {"Status", "workers", "count"},
    {"Status", "connections", "count", "Of clients, now."},
    {"Status", "connections_accepted", "count"},
    {"Status", "connections_refused", "count", "Closed at once, over connections_max."},
    {"Status", "malformed_requests", "count"},
    {"Status", "access_log_dropped_lines", "count"},
    {"Status", "state_file_problem?", "text", "Why the next start would not know the rings of caches."},
    {"Status", "services", "Service[]"},
    {"Status", "version", "text"},
    {"Status", "io", "text", "What is behind the sockets: \"epoll\" or \"uring\", and why."},
    {"Status", "file", "text"},
    {"Service", "name", "text", "\"web.shop\""},
    {"Service", "listen", "text[]"},
    {"Service", "tier", "Tier"},
    {"Service", "host?", "text", "Of a web service; \"\" for any."},
    {"Service", "path?", "text", "Of a web service."},
    {"Service", "root?", "text", "Of a web service that serves files."},
    {"Service", "protocol?", "CacheProtocol", "Of a cache service."},
    {"Service", "ring?", "text", "Of a cache service."},
    {"Service", "panic?", "flag", "No node is up."},
    {"Service", "cache?", "Cache"},
    {"Service", "responses?", "Responses", "Of a web service."},
    {"Service", "outstanding?", "count", "Requests under way."},
    {"Service", "queued?", "count", "Requests that wait for a node."},
    {"Service", "queue_refused?", "count"},
    {"Service", "retries?", "count"},
    {"Service", "sent_bytes?", "count"},
    {"Service", "received_bytes?", "count"},
    {"Service", "duration?", "Latency", "From a request's head to its response's last byte."},
    {"Service", "ring_state?", "Ring", "Of a cache service."},
    {"Service", "nodes", "Node[]"},
    {"Responses", "none", "count", "Requests that ended without a response."},
    {"Responses", "1xx", "count"},
    {"Responses", "2xx", "count"},
    {"Responses", "3xx", "count"},
    {"Responses", "4xx", "count"},
    {"Responses", "5xx", "count"},
    {"Latency", "p50_ms", "number"},
    {"Latency", "p99_ms", "number"},
    {"Latency", "count", "count"},
    {"Node", "address", "text"},
    {"Node", "weight", "Weight"},
    {"Node", "zone", "text"},
    {"Node", "state?", "NodeState"},
    {"Node", "judged?", "flag", "Its health is known, or not asked for."},
    {"Node", "takes_traffic?", "flag"},
    {"Node", "reason?", "text", "Why it is in its state."},
    {"Node", "since_seconds?", "number", "In its state."},
    {"Node", "share?", "number", "Of its weight that it gets, from 0 to 1: less than 1 in slow start."},
    {"Node", "last_probe?", "text"},
    {"Node", "requests?", "count"},
    {"Node", "failures?", "count"},
    {"Node", "outstanding?", "count"},
    {"Node", "connects?", "count"},
    {"Node", "idle_connections?", "count"},
    {"Node", "sent_bytes?", "count"},
    {"Node", "received_bytes?", "count"},
    {"Node", "back_off?", "text", "Why no connection to it is opened just now."},
    {"Node", "latency?", "Latency", "From the request sent to the response's head."},
    {"Event", "time", "text", "RFC 3339, in UTC."},
    {"Event", "level", "EventLevel"},
    {"Event", "event", "text", "\"node_state\""},
    {"Event", "details", "text", "key=\"value\" …"},
};

constexpr Member kOfCaches[] = {
    {"Cache", "clients", "count"},
    {"Cache", "clients_dropped", "count", "Closed because they did not take what they had asked for."},
    {"Cache", "held_bytes", "count", "Memory for what clients have asked for and not taken."},
    {"Cache", "commands", "count"},
    {"Cache", "hits", "count"},
    {"Cache", "misses", "count"},
    {"Cache", "hit_ratio", "number", "From 0 to 1."},
    {"Cache", "errors", "count"},
    {"Cache", "refused", "count"},
    {"Cache", "near_hits", "count"},
    {"Cache", "near_bytes", "count"},
    {"Cache", "near_problem", "text", "Why the near cache holds nothing; \"\" where nothing keeps it from that."},
    {"Cache", "stale_hits", "count"},
    {"Cache", "stale_bytes", "count"},
    {"Cache", "fill_waits", "count"},
    {"Cache", "moved_keys", "count"},
    {"Cache", "private_connections", "count"},
    {"Cache", "hot_keys", "HotKey[]", "Those asked for most, the hottest first."},
    {"Cache", "built_in?", "BuiltInCache"},
    {"HotKey", "key", "text"},
    {"HotKey", "share", "number", "Of all lookups, from 0 to 1."},
    {"HotKey", "share_at_least", "number"},
    {"BuiltInCache", "items", "count"},
    {"BuiltInCache", "used_bytes", "count"},
    {"BuiltInCache", "memory_bytes", "count"},
    {"BuiltInCache", "evicted_items", "count"},
    {"Ring", "phase", "RingPhase"},
    {"Ring", "since_seconds", "number"},
    {"Ring", "nodes", "text[]", "Those that have keys."},
    {"Ring", "passed_over", "text[]", "Failed ones, whose keys others have."},
    {"Ring", "weights", "count{}"},
    {"Ring", "moved_keys?", "count", "In this move, or in the last one."},
    {"Ring", "joining?", "text[]"},
    {"Ring", "leaving?", "text[]"},
    {"Ring", "seen_keys?", "count"},
    {"Ring", "total_keys?", "count"},
    {"Ring", "problem?", "text", "Why keys are not moved yet."},
    {"Ring", "waits?", "text", "What the ring waits for before it changes."},
    {"Ring", "kept_out?", "text{}", "Nodes that cannot join, with the reason of each."},
};

constexpr Member kOfExplanations[] = {
    {"HttpExplanation", "result", "text", "\"proxied\", \"redirected\", \"served from disk\" or \"refused\"."},
    {"HttpExplanation", "status?", "count", "Of a redirect, or of a refusal."},
    {"HttpExplanation", "why?", "text", "Why it is refused."},
    {"HttpExplanation", "listeners?", "text[]", "There are only these."},
    {"HttpExplanation", "listener?", "text"},
    {"HttpExplanation", "target?", "text", "As the service gets it."},
    {"HttpExplanation", "service?", "text"},
    {"HttpExplanation", "matched?", "Matched"},
    {"HttpExplanation", "not_chosen?", "Dismissed[]"},
    {"HttpExplanation", "balancer?", "text"},
    {"HttpExplanation", "nodes?", "NodeChoice[]"},
    {"HttpExplanation", "limits?", "object"},
    {"HttpExplanation", "can_fail_with?", "text[]"},
    {"Matched", "host", "text"},
    {"Matched", "path", "text"},
    {"Dismissed", "service", "text"},
    {"Dismissed", "why_not", "text"},
    {"NodeChoice", "address", "text"},
    {"NodeChoice", "weight", "Weight"},
    {"NodeChoice", "state?", "NodeState"},
    {"NodeChoice", "candidate?", "flag"},
    {"NodeChoice", "why?", "text"},
    {"CacheExplanation", "service", "text", "The one that has the key, behind all routes."},
    {"CacheExplanation", "protocol?", "CacheProtocol"},
    {"CacheExplanation", "ring?", "text"},
    {"CacheExplanation", "key?", "text"},
    {"CacheExplanation", "hash_tag?", "text"},
    {"CacheExplanation", "result?", "text", "\"refused\", where no node has it."},
    {"CacheExplanation", "why?", "text", "Why it is refused."},
    {"CacheExplanation", "phase?", "RingPhase"},
    {"CacheExplanation", "owner?", "NodeChoice"},
    {"CacheExplanation", "may_still_be_at?", "NodeChoice"},
    {"CacheExplanation", "then?", "NodeChoice[]", "Those that come in when the owner fails, in this order."},
    {"CacheExplanation", "heat?", "Heat"},
    {"CacheExplanation", "limits?", "object"},
    {"CacheExplanation", "routes?", "RouteStep[]"},
    {"RouteStep", "from", "text"},
    {"RouteStep", "prefix", "text"},
    {"RouteStep", "to", "text"},
    {"Heat", "hot", "flag"},
    {"Heat", "why?", "text", "Why nothing more is known."},
    {"Heat", "rank?", "count"},
    {"Heat", "share?", "number"},
    {"Heat", "share_at_least?", "number"},
};

template <typename Values>
Json one_of(const Values& values) {
  Json schema = {{"type", "string"}};
  for (const auto value : values) schema["enum"].push_back(name_of(value));
  return schema;
}

// What is no object.
Json plain_schemas() {
  using cluster::CacheProtocol, cluster::Tier;
  using Level = EventLog::Level;
  Json schemas;
  const Key& weight = *find_key(Section::kWebNode, "weight");
  schemas["Weight"] = {{"type", "integer"}, {"minimum", weight.least}, {"maximum", weight.most}};
  schemas["NodeWish"] = {{"type", "string"}, {"enum", find_key(Section::kWebNode, "state")->choices}};
  schemas["NodeState"] = one_of(cluster::kNodeStates);
  schemas["RingPhase"] = one_of(cluster::kRingPhases);
  schemas["CacheProtocol"] = one_of(std::array{CacheProtocol::kMemcached, CacheProtocol::kRedis});
  schemas["Tier"] = one_of(kServedTiers);
  schemas["EventLevel"] = one_of(std::array{Level::kInfo, Level::kWarning, Level::kError});
  schemas["Severity"] = {{"type", "string"}, {"enum", {"error", "warning"}}};
  schemas["Phase"] = {{"type", "string"}, {"enum", {"starting", "serving", "shutting down"}}};
  return schemas;
}

void add_member(Json& schemas, const Member& member) {
  Json& object = schemas[std::string(member.object)];
  object["type"] = "object";
  const bool required = !member.name.ends_with('?');
  const std::string name(member.name.substr(0, member.name.size() - (required ? 0 : 1)));
  if (required) object["required"].push_back(name);
  Json schema = api_schema(member.type);
  if (!member.doc.empty()) schema["description"] = member.doc;
  object["properties"][name] = std::move(schema);
}

}  // namespace

Json api_schema(std::string_view type) {
  if (type.ends_with("[]")) return {{"type", "array"}, {"items", api_schema(type.substr(0, type.size() - 2))}};
  if (type.ends_with("{}"))
    return {{"type", "object"}, {"additionalProperties", api_schema(type.substr(0, type.size() - 2))}};
  if (type == "text") return {{"type", "string"}};
  if (type == "count") return {{"type", "integer"}, {"minimum", 0}};
  if (type == "number") return {{"type", "number"}};
  if (type == "flag") return {{"type", "boolean"}};
  if (type == "object") return {{"type", "object"}};
  return {{"$ref", "#/components/schemas/" + std::string(type)}};
}

Json api_schemas() {
  Json schemas = plain_schemas();
  const auto add_members = [&schemas](const auto& members) {
    for (const Member& member : members) add_member(schemas, member);
  };
  add_members(kOfErrors);
  add_members(kOfChanges);
  add_members(kOfTheTopology);
  add_members(kOfTheStatus);
  add_members(kOfCaches);
  add_members(kOfExplanations);
  // A request with a key that nobody knows is refused.
  for (const char* body : {"NodeToAdd", "NodeChange"}) schemas[body]["additionalProperties"] = false;
  return schemas;
}

}  // namespace tenfold::control
