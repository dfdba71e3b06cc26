// SPDX-License-Identifier: Apache-2.0
#include "control/ring_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "control/json_text.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;  // of the file; one that is newer is not read

constexpr cluster::RingPolicy kPolicies[] = {cluster::RingPolicy::kRendezvous,  cluster::RingPolicy::kKetama,
                                             cluster::RingPolicy::kKetamaPlain, cluster::RingPolicy::kTwemproxy,
                                             cluster::RingPolicy::kModula,      cluster::RingPolicy::kTwemproxyModula};
constexpr cluster::CacheProtocol kProtocols[] = {cluster::CacheProtocol::kMemcached, cluster::CacheProtocol::kRedis};
constexpr cluster::RingPhase kPhases[] = {cluster::RingPhase::kSteady, cluster::RingPhase::kMoving};

Json side_json(const cluster::RingSide& side) {
  if (cluster::is_built_in(side)) return {{"built_in", true}};
  Json json = {{"ring", cluster::name_of(side.policy)}, {"hash", side.key_hash}, {"hash_tag", side.hash_tag}};
  json["nodes"] = Json::array();
  for (std::size_t i = 0; i < side.nodes.size(); ++i) {
    const cluster::NodeSpec& node = side.nodes[i];
    json["nodes"].push_back({{"address", node.address.to_text()},
                             {"name", node.ring_name},
                             {"weight", node.weight},
                             {"usable", static_cast<bool>(side.usable[i])}});
  }
  return json;
}

Json record_json(const RingRecord& record) {
  Json json = {{"service", record.service},
               {"protocol", cluster::name_of(record.protocol)},
               {"phase", cluster::name_of(record.phase)},
               {"follows_moves", record.follows_moves},
               {"to", side_json(record.to)}};
  if (record.phase == cluster::RingPhase::kMoving) json["from"] = side_json(record.from);
  for (const auto& [node, users] : record.move_users) {
    for (const cluster::MoveUser& user : users)
      json["move_users"].push_back({{"node", node.to_text()}, {"name", user.name}, {"password", user.password}});
  }
  for (const auto& [node, run] : record.runs) json["runs"].push_back({{"node", node.to_text()}, {"run", run}});
  return json;
}

// Reads fields, and remembers the first that is not as it must be.
class Reader {
 public:
  std::string text(const Json& json, const char* field) {
    const auto found = json.find(field);
    if (found != json.end() && found->is_string()) return found->get<std::string>();
    fail(field);
    return {};
  }

  template <typename Value, std::size_t kCount>
  Value one_of(const Json& json, const char* field, const Value (&values)[kCount]) {
    const std::string name = text(json, field);
    for (const Value value : values) {
      if (cluster::name_of(value) == name) return value;
    }
    fail(field);
    return values[0];
  }

  Address address(const Json& json, const char* field) {
    const auto parsed = Address::parse(text(json, field));
    if (!parsed) fail(field);
    return parsed ? *parsed : Address();
  }

  bool flag(const Json& json, const char* field) {
    const auto found = json.find(field);
    const bool is_flag = found != json.end() && found->is_boolean();
    if (!is_flag) fail(field);
    return is_flag && found->get<bool>();
  }

  std::uint32_t weight(const Json& json) {
    constexpr std::uint64_t kMost = 1000;
    const auto found = json.find("weight");
    const bool is_weight = found != json.end() && found->is_number_unsigned() && found->get<std::uint64_t>() <= kMost;
    if (!is_weight) fail("weight");
    return is_weight ? found->get<std::uint32_t>() : 0;
  }

  const Json& list(const Json& json, const char* field) {
    static const Json kNone = Json::array();
    const auto found = json.find(field);
    if (found != json.end() && found->is_array() && std::ranges::all_of(*found, &Json::is_object)) return *found;
    fail(field);
    return kNone;
  }

  const Json& object(const Json& json, const char* field) {
    static const Json kNone = Json::object();
    const auto found = json.find(field);
    if (found != json.end() && found->is_object()) return *found;
    fail(field);
    return kNone;
  }

  void fail(const char* field) {
    if (!problem_) problem_ = fmt::format("\"{}\" is missing, or not what it must be", field);
  }
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  std::optional<std::string> problem_;
};

// The cache that is built in begins empty, and with as many workers as there are then.
cluster::RingSide side_of(Reader& reader, const Json& json) {
  cluster::RingSide side;
  if (json.contains("built_in")) {
    static_cast<void>(reader.flag(json, "built_in"));
    side.nodes.emplace_back().address = Address::built_in(0);
    side.usable = {true};
    return side;
  }
  side.policy = reader.one_of(json, "ring", kPolicies);
  side.key_hash = reader.text(json, "hash");
  side.hash_tag = reader.text(json, "hash_tag");
  for (const Json& row : reader.list(json, "nodes")) {
    cluster::NodeSpec& node = side.nodes.emplace_back();
    node.address = reader.address(row, "address");
    node.ring_name = reader.text(row, "name");
    node.weight = reader.weight(row);
    side.usable.push_back(reader.flag(row, "usable"));
  }
  return side;
}

RingRecord record_of(Reader& reader, const Json& json) {
  RingRecord record;
  record.service = reader.text(json, "service");
  record.protocol = reader.one_of(json, "protocol", kProtocols);
  record.phase = reader.one_of(json, "phase", kPhases);
  record.follows_moves = reader.flag(json, "follows_moves");
  record.to = side_of(reader, reader.object(json, "to"));
  if (record.phase == cluster::RingPhase::kMoving) record.from = side_of(reader, reader.object(json, "from"));
  if (json.contains("move_users")) {
    for (const Json& row : reader.list(json, "move_users"))
      record.move_users[reader.address(row, "node")].push_back(
          {.name = reader.text(row, "name"), .password = reader.text(row, "password")});
  }
  if (json.contains("runs")) {
    for (const Json& row : reader.list(json, "runs"))
      record.runs[reader.address(row, "node")] = reader.text(row, "run");
  }
  return record;
}

// With what else the topology says of those nodes now: it is no matter of the ring.
cluster::RingSide with_specs_of(const cluster::Service& service, cluster::RingSide side) {
  for (cluster::NodeSpec& node : side.nodes) {
    const auto found = std::ranges::find(service.nodes, node.address, &cluster::NodeSpec::address);
    if (found == service.nodes.end()) continue;
    node.zone = found->zone;
    node.public_url = found->public_url;
  }
  return side;
}

}  // namespace

std::string text_of(const std::vector<RingRecord>& records) {
  if (records.empty()) return {};
  Json rings = Json::array();
  for (const RingRecord& record : records) rings.push_back(record_json(record));
  return json_text({{"format", kFormat}, {"rings", rings}}) + "\n";
}

std::expected<std::vector<RingRecord>, std::string> read_ring_records(std::string_view text) {
  std::vector<RingRecord> records;
  if (text.empty()) return records;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::unexpected("it is not a JSON object");
  const auto format = json.find("format");
  if (format == json.end() || *format != kFormat)
    return std::unexpected(fmt::format("its \"format\" is not {}, which is all that this version reads", kFormat));
  Reader reader;
  for (const Json& row : reader.list(json, "rings")) {
    records.push_back(record_of(reader, row));
    if (reader.problem()) return std::unexpected(fmt::format("ring {}: {}", records.size(), *reader.problem()));
  }
  if (reader.problem()) return std::unexpected(*reader.problem());
  return records;
}

cluster::RingStatus resumed(const RingRecord& record, const cluster::Service& service, std::uint32_t workers) {
  cluster::RingStatus ring;
  ring.service = record.service;
  ring.follows_moves = record.follows_moves || record.phase == cluster::RingPhase::kMoving;
  if (cluster::is_built_in(record.to)) {
    ring.to = cluster::built_in_ring(service.cache(), workers);
    return ring;
  }
  ring.to = with_specs_of(service, record.to);
  if (record.phase != cluster::RingPhase::kMoving || cluster::is_built_in(record.from)) return ring;
  ring.phase = cluster::RingPhase::kMoving;
  ring.follows_moves = false;
  ring.from = with_specs_of(service, record.from);
  ring.runs = record.runs;
  return ring;
}

}  // namespace tenfold::control
