// SPDX-License-Identifier: Apache-2.0
#include "control/topology_file.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_WINDOWS_COMPAT 0
// Its own checks would end the program on a text like "[(a]"; behind each of them it reports the error all the same.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>

#include "base/limits.h"
#include "control/file_text.h"
#include "control/key_reader.h"
#include "control/keys.h"
#include "control/topology_rules.h"

namespace tenfold::control {
namespace {

Location location_of(const toml::source_position& at) {
  return {static_cast<std::uint32_t>(at.line), static_cast<std::uint32_t>(at.column), 1};
}

Span span_of(const toml::source_region& region) {
  return {location_of(region.begin), location_of(region.end)};
}

Location marked(const toml::source_region& region) {
  Location at = location_of(region.begin);
  if (region.begin.line == region.end.line && region.end.column > region.begin.column)
    at.length = static_cast<std::uint32_t>(region.end.column - region.begin.column);
  return at;
}

Location marked(const toml::key& key) {
  return marked(key.source());
}

// Turns a TOML value into the plain one that control/key_reader.h judges.
RawValue raw_of(const toml::node& node) {
  RawValue raw;
  raw.at = marked(node.source());
  if (const auto* text = node.as_string()) {
    raw.kind = RawValue::Kind::kText;
    raw.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    raw.kind = RawValue::Kind::kInteger;
    raw.integer = integer->get();
  } else if (const auto* boolean = node.as_boolean()) {
    raw.kind = RawValue::Kind::kBoolean;
    raw.boolean = boolean->get();
  } else if (const auto* array = node.as_array()) {
    raw.kind = RawValue::Kind::kList;
    for (const toml::node& element : *array) raw.list.push_back(raw_of(element));
  } else {
    raw.kind = node.is_table() ? RawValue::Kind::kTable : RawValue::Kind::kOther;
  }
  return raw;
}

// One pass over the document; problems are gathered, and reading goes on behind them.
class Reader {
 public:
  explicit Reader(LoadedTopology& loaded) : out_(loaded) {}

  void read(const toml::table& document) {
    for (const auto& [key, value] : document) {
      if (key == "run" || key == "admin") {
        read_global(key, value);
      } else if (key == "web") {
        read_tier(key, value, cluster::Tier::kWeb);
      } else if (key == "cache") {
        read_tier(key, value, cluster::Tier::kCache);
      } else if (key == "sql") {
        out_.diagnostics.error(marked(key), "this version serves no sql services",
                               "it serves the tiers web and cache: write [web.NAME] or [cache.NAME]");
      } else {
        out_.diagnostics.error(marked(key), fmt::format("unknown table '{}'", key.str()),
                               nearest_name_help(key.str(), {"run", "admin", "web", "cache", "sql"}));
      }
    }
  }

 private:
  using Places = std::map<std::string, Span, std::less<>>;

  // The keys of one table, each through the table of keys. `special` takes those that are not plain values.
  template <typename Special>
  void read_keys(Section section, const toml::table& table, const Draft& draft, Places& places,
                 const std::string& prefix, Special special) {
    for (const auto& [name, value] : table) {
      const Key* key = find_key(section, name.str());
      if (key == nullptr) {
        out_.diagnostics.error(marked(name), fmt::format("unknown key '{}' in [{}]", name.str(), name_of(section)),
                               nearest_name_help(name.str(), key_names(section)));
        continue;
      }
      places[prefix + std::string(name.str())] = span_of(value.source());
      if (key->set == nullptr) {
        special(*key, value);
      } else {
        read_key(*key, raw_of(value), draft, out_.diagnostics);
      }
    }
    for (const Key& key : all_keys()) {
      if (key.section == section && key.required && !table.contains(key.name)) {
        out_.diagnostics.error(marked(table.source()), fmt::format("the key '{}' is missing", key.name),
                               fmt::format("write {} = {}", key.name, key.example));
      }
    }
  }

  void read_global(const toml::key& name, const toml::node& value) {
    const toml::table* table = value.as_table();
    if (table == nullptr) {
      out_.diagnostics.error(marked(name), fmt::format("'{}' is a table", name.str()),
                             fmt::format("write [{}]", name.str()));
      return;
    }
    Draft draft;
    draft.run = &out_.topology.run;
    draft.admin = &out_.topology.admin;
    const bool run = name == "run";
    read_keys(run ? Section::kRun : Section::kAdmin, *table, draft, run ? out_.places.run : out_.places.admin, "",
              [](const Key&, const toml::node&) {});
  }

  void read_tier(const toml::key& key, const toml::node& value, cluster::Tier tier) {
    const toml::table* services = value.as_table();
    if (services == nullptr) {
      out_.diagnostics.error(marked(key), fmt::format("'{}' holds services", key.str()),
                             fmt::format("write [{}.NAME]", key.str()));
      return;
    }
    for (const auto& [name, service] : *services) {
      if (const toml::table* table = service.as_table()) {
        read_service(name, *table, tier);
      } else {
        out_.diagnostics.error(marked(name), fmt::format("'{}' is not a service", name.str()),
                               fmt::format("a service is a table: [{}.{}]", key.str(), name.str()));
      }
    }
  }

  void read_service(const toml::key& name, const toml::table& table, cluster::Tier tier) {
    check_service_name(name.str(), marked(name), out_.diagnostics);
    cluster::Service service = default_service(tier);
    const TierSections sections = sections_of(tier);
    service.name = name.str();
    ServicePlaces places;
    places.header = marked(name);
    Draft draft;
    draft.service = &service;
    read_keys(sections.service, table, draft, places.keys, "", [&](const Key& key, const toml::node& value) {
      if (key.type == KeyType::kNodes) {
        read_nodes(value, service, places);
      } else if (const toml::table* health = value.as_table()) {
        read_keys(sections.health, *health, draft, places.keys, "health.", [](const Key&, const toml::node&) {});
      } else {
        out_.diagnostics.error(marked(value.source()), "'health' is a table", "write health = { interval = \"2s\" }");
      }
    });
    places.listeners = spans_of_list(table["listen"].node());
    out_.topology.services.push_back(std::move(service));
    out_.places.services.push_back(std::move(places));
  }

  static std::vector<Span> spans_of_list(const toml::node* value) {
    std::vector<Span> spans;
    if (value == nullptr) return spans;
    if (const toml::array* list = value->as_array()) {
      for (const toml::node& element : *list) spans.push_back(span_of(element.source()));
    } else {
      spans.push_back(span_of(value->source()));
    }
    return spans;
  }

  void read_nodes(const toml::node& value, cluster::Service& service, ServicePlaces& places) {
    const toml::array* list = value.as_array();
    if (list == nullptr) {
      out_.diagnostics.error(marked(value.source()), "'nodes' is a list", "write nodes = [\"10.0.0.11:8000\"]");
      return;
    }
    places.nodes = span_of(value.source());
    for (const toml::node& element : *list) {
      cluster::NodeSpec node;
      Draft draft;
      draft.node = &node;
      Places ignored;
      if (const toml::table* table = element.as_table()) {
        places.nodes_are_tables |= !table->is_inline();
        read_keys(sections_of(service.tier).node, *table, draft, ignored, "", [](const Key&, const toml::node&) {});
      } else {
        read_key(*find_key(sections_of(service.tier).node, "address"), raw_of(element), draft, out_.diagnostics);
      }
      service.nodes.push_back(std::move(node));
      places.node_entries.push_back(span_of(element.source()));
    }
  }

  LoadedTopology& out_;
};

// Skips a string of TOML that begins at `at`; returns where it ends, or the end of the text.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string mark(text.substr(at).starts_with(std::string(3, quote)) ? 3 : 1, quote);
  for (at += mark.size(); at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at).starts_with(mark)) {
      return at + mark.size();
    } else if (mark.size() == 1 && text[at] == '\n') {
      return at;
    }
  }
  return text.size();
}

// The first byte beyond ASCII that stands in no string and no comment, where TOML allows none; npos when there is none.
std::size_t find_stray_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return at;
    } else {
      ++at;
    }
  }
  return text.npos;
}

Location place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {line, static_cast<std::uint32_t>(at - line_start + 1), 1};
}

// What TOML itself refuses; the parser stops at the first of these.
bool check_text(LoadedTopology& loaded) {
  const std::string_view text = loaded.text;
  if (text.starts_with("\xef\xbb\xbf")) {
    loaded.diagnostics.error({1, 1, 1}, "the file begins with a byte order mark", "save it as UTF-8 without one");
    return false;
  }
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    loaded.diagnostics.error(place_of(text, nul), "the file holds a NUL byte", "it is not a text file");
    return false;
  }
  if (const std::size_t stray = find_stray_byte(text); stray != text.npos) {
    loaded.diagnostics.error(place_of(text, stray), "a character beyond ASCII stands outside of quotes",
                             "names and numbers are written in ASCII; put texts into quotes");
    return false;
  }
  return true;
}

}  // namespace

LoadedTopology parse_topology(std::string text, std::string file_name) {
  LoadedTopology loaded;
  loaded.file_name = std::move(file_name);
  loaded.text = std::move(text);
  if (!check_text(loaded)) return loaded;
  const toml::parse_result parsed = toml::parse(std::string_view(loaded.text));
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    loaded.diagnostics.error(marked(error.source()), std::string(error.description()),
                             "this is not valid TOML; what follows was not looked at");
    return loaded;
  }
  Reader(loaded).read(parsed.table());
  check_rules(loaded);
  loaded.diagnostics.sort();
  return loaded;
}

LoadedTopology load_topology(const std::string& path) {
  auto text = read_file(path, limits::kTopologyFileBytesMost);
  if (text) return parse_topology(std::move(*text), path);
  LoadedTopology loaded;
  loaded.file_name = path;
  loaded.diagnostics.error({}, text.error(), "name the file with -c FILE");
  return loaded;
}

}  // namespace tenfold::control
