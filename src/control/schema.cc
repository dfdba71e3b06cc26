// SPDX-License-Identifier: Apache-2.0
// The JSON Schema of the topology file, generated from the table of keys.
#include <nlohmann/json.hpp>

#include "control/effective.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

Json properties(Section section);

Json table_schema(Section section) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", properties(section)}};
  for (const Key& key : all_keys()) {
    if (key.section == section && key.required) schema["required"].push_back(key.name);
  }
  return schema;
}

Json integer_schema(const Key& key) {
  Json schema = {{"type", "integer"}, {"minimum", key.least}};
  if (key.most != UINT64_MAX) schema["maximum"] = key.most;
  return schema;
}

// The sections of the tier that a key of a service belongs to.
TierSections tier_of(const Key& key) {
  return sections_of(key.section == Section::kCache ? cluster::Tier::kCache : cluster::Tier::kWeb);
}

Json value_schema(const Key& key) {
  const Json text = {{"type", "string"}};
  const Json texts = {{"type", "array"}, {"items", text}};
  switch (key.type) {
    case KeyType::kInteger:
      return integer_schema(key);
    case KeyType::kWorkers:
      return {{"anyOf", Json::array({Json{{"const", "auto"}}, integer_schema(key)})}};
    case KeyType::kBoolean:
      return {{"type", "boolean"}};
    case KeyType::kDuration:
      return {{"type", "string"}, {"pattern", "^[0-9]+(us|ms|s|m|h)$"}};
    case KeyType::kSize:
      return {{"type", "string"}, {"pattern", "^[0-9]+(B|KiB|MiB|GiB)$"}};
    case KeyType::kChoice:
      return {{"enum", key.choices}};
    case KeyType::kAddresses:
      return {{"anyOf", Json::array({text, texts})}};
    case KeyType::kTexts:
      return texts;
    case KeyType::kTextTable:
      return {{"type", "object"}, {"additionalProperties", text}};
    case KeyType::kNodes:
      return {{"type", "array"}, {"items", {{"anyOf", Json::array({text, table_schema(tier_of(key).node)})}}}};
    case KeyType::kTable:
      return table_schema(tier_of(key).health);
    default:
      return text;
  }
}

Json properties(Section section) {
  Json result = Json::object();
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    Json schema = value_schema(key);
    schema["description"] = key.doc;
    result[std::string(key.name)] = std::move(schema);
  }
  return result;
}

}  // namespace

std::string json_schema() {
  Json tables = {{"run", table_schema(Section::kRun)}, {"admin", table_schema(Section::kAdmin)}};
  for (cluster::Tier tier : kServedTiers) {
    tables[std::string(cluster::name_of(tier))] = {{"type", "object"},
                                                   {"propertyNames", {{"pattern", "^[a-z0-9_-]{1,64}$"}}},
                                                   {"additionalProperties", table_schema(sections_of(tier).service)}};
  }
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "Tenfold topology"},
                       {"type", "object"},
                       {"additionalProperties", false},
                       {"properties", tables}};
  return schema.dump(2) + "\n";
}

}  // namespace tenfold::control
