// SPDX-License-Identifier: Apache-2.0
// The JSON Schema and the reference page, generated from the table of keys.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "control/effective.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using Json = nlohmann::ordered_json;

std::string_view type_text(const Key& key) {
  switch (key.type) {
    case KeyType::kText:
      return "text";
    case KeyType::kInteger:
      return "integer";
    case KeyType::kBoolean:
      return "boolean";
    case KeyType::kDuration:
      return "time";
    case KeyType::kSize:
      return "size";
    case KeyType::kChoice:
      return "choice";
    case KeyType::kWorkers:
      return "integer or \"auto\"";
    case KeyType::kAddress:
      return "address";
    case KeyType::kAddresses:
      return "address, or list of them";
    case KeyType::kTexts:
      return "list of texts";
    case KeyType::kTextTable:
      return "table of texts";
    case KeyType::kSecret:
      return "secret";
    case KeyType::kNodes:
      return "list of addresses and tables";
    case KeyType::kTable:
      return "table";
  }
  return "";
}

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

void add_section(std::string& page, Section section, const Draft& defaults) {
  page +=
      fmt::format("\n## `[{}]`\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n", name_of(section));
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    std::string fallback = key.required || key.show == nullptr ? "" : fmt::format("`{}`", key.show(defaults));
    if (key.required) fallback = "required";
    std::string doc(key.doc);
    if (!key.choices.empty()) doc += fmt::format(" One of `{}`.", fmt::join(key.choices, "`, `"));
    page += fmt::format("| `{}` | {} | {} | {} For example `{}`. |\n", key.name, type_text(key), fallback, doc,
                        key.example);
  }
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

std::string reference_page() {
  cluster::Topology topology;
  cluster::NodeSpec node;
  Draft defaults;
  defaults.run = &topology.run;
  defaults.admin = &topology.admin;
  defaults.node = &node;
  std::string page =
      "# The topology file\n\n"
      "Generated from the table of keys (`src/control/keys.cc`) by `tenfold schema --page`.\n\n"
      "Times are a whole number and `us`, `ms`, `s`, `m` or `h`; sizes a whole number and `B`, `KiB`, `MiB` or `GiB`.\n"
      "Addresses are `IP:PORT`, `[IPv6]:PORT`, `:PORT` (all IPv4 addresses of the machine) or `unix:/path`.\n";
  for (Section section : {Section::kRun, Section::kAdmin}) add_section(page, section, defaults);
  for (cluster::Tier tier : kServedTiers) {
    cluster::Service service = default_service(tier);
    defaults.service = &service;
    const TierSections sections = sections_of(tier);
    for (Section section : {sections.service, sections.health, sections.node}) add_section(page, section, defaults);
  }
  return page;
}

}  // namespace tenfold::control
