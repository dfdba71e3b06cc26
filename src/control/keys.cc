// SPDX-License-Identifier: Apache-2.0
#include "control/keys.h"

#include <fmt/format.h>

#include "control/key_rows.h"

namespace tenfold::control {
namespace {

std::vector<Key> make_keys() {
  std::vector<Key> keys;
  for (auto* part : {process_keys, web_keys, cache_keys, health_and_node_keys}) {
    for (Key& key : part()) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

std::string shown::addresses(const std::vector<Address>& addresses) {
  std::string list;
  for (const Address& address : addresses) list += (list.empty() ? "" : ", ") + quoted(address.to_text());
  return addresses.size() == 1 ? list : "[" + list + "]";
}

std::string shown::texts(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quoted(text);
  return "[" + list + "]";
}

std::string set_path(std::string& path, const std::string& text) {
  if (!text.starts_with('/')) return "a path begins with '/'";
  if (text.find_first_of("?# \t\r\n") != text.npos) return "a path holds no '?', '#' or spaces";
  path = text;
  return {};
}

std::span<const Key> all_keys() {
  static const std::vector<Key> keys = make_keys();
  return keys;
}

const Key* find_key(Section section, std::string_view name) {
  for (const Key& key : all_keys()) {
    if (key.section == section && key.name == name) return &key;
  }
  return nullptr;
}

std::vector<std::string_view> key_names(Section section) {
  std::vector<std::string_view> names;
  for (const Key& key : all_keys()) {
    if (key.section == section) names.push_back(key.name);
  }
  return names;
}

cluster::Service default_service(cluster::Tier tier) {
  cluster::Service service;
  service.tier = tier;
  if (tier == cluster::Tier::kCache) service.settings = cluster::CacheSettings();
  return service;
}

std::string_view name_of(Section section) {
  switch (section) {
    case Section::kRun:
      return "run";
    case Section::kAdmin:
      return "admin";
    case Section::kWeb:
      return "web.NAME";
    case Section::kWebHealth:
      return "web.NAME.health";
    case Section::kWebNode:
      return "a node of web.NAME";
    case Section::kCache:
      return "cache.NAME";
    case Section::kCacheHealth:
      return "cache.NAME.health";
    case Section::kCacheNode:
      return "a node of cache.NAME";
  }
  return {};
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (c >= 0 && (c < 0x20 || c == 0x7f)) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace tenfold::control
