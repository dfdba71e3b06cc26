// SPDX-License-Identifier: Apache-2.0
// The one table of all keys of the topology file. The parser, the defaults that `tenfold check --effective` shows, the
// JSON Schema and the reference page all come from it: a key that is not here does not exist.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "cluster/topology.h"

namespace tenfold::control {

enum class Section : std::uint8_t { kRun, kAdmin, kWeb, kWebHealth, kWebNode, kCache, kCacheHealth, kCacheNode };

/// The sections that a service of one tier is written in.
struct TierSections {
  Section service;
  Section health;
  Section node;
};
constexpr TierSections sections_of(cluster::Tier tier) {
  if (tier == cluster::Tier::kCache) return {Section::kCache, Section::kCacheHealth, Section::kCacheNode};
  return {Section::kWeb, Section::kWebHealth, Section::kWebNode};
}

/// The settings of a new service of the tier, all at their defaults.
cluster::Service default_service(cluster::Tier tier);

/// The tiers that the file may name.
inline constexpr cluster::Tier kServedTiers[] = {cluster::Tier::kWeb, cluster::Tier::kCache};

enum class KeyType : std::uint8_t {
  kText,
  kInteger,
  kBoolean,
  kDuration,
  kSize,
  kChoice,
  kWorkers,  // an integer, or "auto"
  kAddress,
  kAddresses,  // one, or a list of them
  kTexts,      // a list of texts
  kTextTable,  // a table of texts
  kSecret,     // env:NAME, file:PATH, or the text itself
  kNodes,      // a list of addresses and tables
  kTable,      // a table of its own section
};

/// A value that was read, in the member that its type says.
struct KeyValue {
  std::string text;
  std::uint64_t number = 0;
  Duration duration{};
  bool flag = false;
  std::vector<Address> addresses;
  std::vector<std::string> texts;
  std::vector<std::pair<std::string, std::string>> entries;  // of kTextTable
};

/// What a key is written to, or shown from: the members of its section are set.
struct Draft {
  cluster::RunSettings* run = nullptr;
  cluster::AdminSettings* admin = nullptr;
  cluster::Service* service = nullptr;
  cluster::NodeSpec* node = nullptr;

  cluster::WebSettings& web() const { return std::get<cluster::WebSettings>(service->settings); }
  cluster::CacheSettings& cache() const { return std::get<cluster::CacheSettings>(service->settings); }
  cluster::HealthSettings& health() const { return service->health; }
};

struct Key {
  Section section;
  std::string_view name;
  KeyType type;
  std::string_view doc;
  std::string_view example;                    // as TOML
  std::vector<std::string_view> choices = {};  // of kChoice
  std::uint64_t least = 0;                     // of numbers; durations in milliseconds
  std::uint64_t most = UINT64_MAX;
  bool required = false;
  /// Takes a value over; an error is a sentence for people, "" when all is well. Null for kNodes and kTable.
  std::string (*set)(const Draft& draft, const KeyValue& value) = nullptr;
  /// The present value as TOML; never a secret.
  std::string (*show)(const Draft& draft) = nullptr;
  /// Of kSecret: the value itself, to be compared and never shown.
  const std::string& (*secret)(const Draft& draft) = nullptr;
};

std::span<const Key> all_keys();
const Key* find_key(Section section, std::string_view name);
std::vector<std::string_view> key_names(Section section);

/// "run", "web.NAME.health" …
std::string_view name_of(Section section);

/// A text in TOML's quotes.
std::string quoted(std::string_view text);

}  // namespace tenfold::control
