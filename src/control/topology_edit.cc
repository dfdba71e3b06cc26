// SPDX-License-Identifier: Apache-2.0
#include "control/topology_edit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "control/keys.h"

namespace tenfold::control {
namespace {

using Edited = std::expected<LoadedTopology, std::string>;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Where a location stands in the text; columns count characters, not bytes.
std::size_t offset_of(std::string_view text, Location at) {
  std::size_t offset = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) offset = text.find('\n', offset) + 1;
  for (std::uint32_t column = 1; column < at.column && offset < text.size(); ++column) {
    do ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80);
  }
  return offset;
}

struct Range {
  std::size_t begin;
  std::size_t end;
};

Range range_of(std::string_view text, const Span& span) {
  return {offset_of(text, span.begin), offset_of(text, span.end)};
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? text.npos : text.rfind('\n', at - 1);
  return newline == text.npos ? 0 : newline + 1;
}

// Before the line's "\n", or "\r\n".
std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t newline = std::min(text.find('\n', at), text.size());
  return newline > at && text[newline - 1] == '\r' ? newline - 1 : newline;
}

// How the file ends its lines.
std::string_view line_break(std::string_view text) {
  const std::size_t first = text.find('\n');
  return first != text.npos && first > 0 && text[first - 1] == '\r' ? "\r\n" : "\n";
}

std::string_view line_front(std::string_view text, std::size_t at) {
  const std::size_t begin = line_begin(text, at);
  return text.substr(begin, at - begin);
}

// The comma that follows `at`, before anything but blanks, line breaks and comments; nullopt when there is none.
std::optional<std::size_t> comma_after(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (text[at] == ',') return at;
    if (text[at] == '#') at = line_end(text, at);
    if (at < text.size() && !is_blank(text[at]) && text[at] != '\n' && text[at] != '\r') break;
  }
  return std::nullopt;
}

// A node as an element of the list: only what differs from the defaults.
std::string entry_text(cluster::Tier tier, const cluster::NodeSpec& node) {
  cluster::NodeSpec defaults;
  defaults.address = node.address;
  if (node == defaults) return quoted(node.address.to_text());
  cluster::NodeSpec shown = node;
  Draft ours, plain;
  ours.node = &shown;
  plain.node = &defaults;
  std::string fields;
  for (const Key& key : all_keys()) {
    if (key.section != sections_of(tier).node) continue;
    const std::string value = key.show(ours);
    if (key.required || value != key.show(plain))
      fields += fmt::format("{}{} = {}", fields.empty() ? "" : ", ", key.name, value);
  }
  return "{ " + fields + " }";
}

// A service of the file, found for an edit of its nodes.
struct Found {
  std::size_t index;
  const ServicePlaces* places;
};

std::expected<Found, std::string> find_service(const LoadedTopology& loaded, std::string_view name) {
  const auto& services = loaded.topology.services;
  const auto found = std::ranges::find(services, name, &cluster::Service::full_name);
  if (found == services.end()) {
    std::string names;
    for (const cluster::Service& service : services) names += (names.empty() ? "" : ", ") + service.full_name();
    return std::unexpected(fmt::format("there is no service {}; there is {}", name, names));
  }
  const auto index = static_cast<std::size_t>(found - services.begin());
  const ServicePlaces& places = loaded.places.services[index];
  const bool is_built_in = services[index].tier == cluster::Tier::kCache;
  if (places.node_entries.empty() && !is_built_in)
    return std::unexpected(fmt::format("{} serves files and has no nodes", name));
  if (places.nodes_are_tables) {
    return std::unexpected(
        fmt::format("the nodes of {} are written as tables [[{}.nodes]] at {}:{}, which is not edited: "
                    "write them as a list, or edit the file and run `tenfold reload`",
                    name, name, loaded.file_name, places.nodes.begin.line));
  }
  return Found{index, &places};
}

std::expected<std::size_t, std::string> find_node(const LoadedTopology& loaded, const Found& found,
                                                  const Address& node) {
  const auto& nodes = loaded.topology.services[found.index].nodes;
  const auto at = std::ranges::find(nodes, node, &cluster::NodeSpec::address);
  if (at != nodes.end()) return static_cast<std::size_t>(at - nodes.begin());
  return std::unexpected(
      fmt::format("{} has no node {}", loaded.topology.services[found.index].full_name(), node.to_text()));
}

// The same services with as many nodes each: then what is wrong is what was asked for, and not where it was written.
bool same_shape(const cluster::Topology& a, const cluster::Topology& b) {
  return std::ranges::equal(a.services, b.services, [](const cluster::Service& one, const cluster::Service& other) {
    return one.full_name() == other.full_name() && one.nodes.size() == other.nodes.size();
  });
}

// The text as a topology, if it says what it should.
Edited checked(const LoadedTopology& before, std::string text, const cluster::Topology& intended) {
  if (text.size() > limits::kTopologyFileBytesMost)
    return std::unexpected(fmt::format("{} would be larger than {} bytes, and not be read again; make it shorter",
                                       before.file_name, limits::kTopologyFileBytesMost));
  LoadedTopology after = parse_topology(std::move(text), before.file_name);
  if (!after.ok() && same_shape(after.topology, intended)) return std::unexpected(after.rendered());
  if (after.ok() && after.topology.services == intended.services) return after;
  // What env: and file: name is read again with the text.
  if (parse_topology(before.text, before.file_name).topology.services != before.topology.services)
    return std::unexpected(fmt::format(
        "a secret that {} names has changed since it was loaded; run `tenfold diff`, then `tenfold reload`, then try "
        "again",
        before.file_name));
  return std::unexpected(fmt::format(
      "{} is laid out in a way that cannot be edited safely; edit it and run `tenfold reload`", before.file_name));
}

std::string replaced(std::string_view text, Range range, std::string_view with) {
  return std::string(text.substr(0, range.begin)) + std::string(with) + std::string(text.substr(range.end));
}

// The first node of a service: a list of its own, behind the line where the service listens.
std::string with_list_added(std::string_view text, const ServicePlaces& places, const std::string& entry) {
  const std::size_t behind = line_end(text, range_of(text, places.keys.find("listen")->second).end);
  return replaced(text, {behind, behind}, fmt::format("{}nodes = [{}]", line_break(text), entry));
}

std::string with_entry_added(std::string_view text, const ServicePlaces& places, const std::string& entry) {
  const Range last = range_of(text, places.node_entries.back());
  const std::optional<std::size_t> trailing_comma = comma_after(text, last.end);
  const std::size_t behind = trailing_comma ? *trailing_comma + 1 : last.end;
  const std::string_view after = trailing_comma ? "," : "";
  std::string indent(line_front(text, last.begin));
  if (indent.find_first_not_of(" \t,") != indent.npos)
    return replaced(text, {behind, behind}, fmt::format("{}{}{}", trailing_comma ? " " : ", ", entry, after));
  // A line of its own, with its comma in front where the last entry has it there.
  const bool leads_with_comma = !trailing_comma && indent.contains(',');
  if (!leads_with_comma) std::ranges::replace(indent, ',', ' ');
  const std::size_t close = offset_of(text, places.nodes.end) - 1;
  const bool closed_on_same_line = close <= line_end(text, behind);
  std::string result(text);
  // Behind the comment of the last entry, where it has one.
  result.insert(closed_on_same_line ? behind : line_end(text, behind),
                fmt::format("{}{}{}{}", line_break(text), indent, entry, after));
  if (!trailing_comma && !leads_with_comma) result.insert(last.end, ",");
  return result;
}

// What goes is marked first, with a byte that no topology file holds.
constexpr char kGone = '\0';

void mark(std::string& text, Range range) {
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(range.begin),
            text.begin() + static_cast<std::ptrdiff_t>(range.end), kGone);
}

// One line without what is marked, and without the blanks that held it apart from the rest.
std::string line_without_marks(std::string_view line) {
  static constexpr std::string_view kBlanksAndMarks(" \t\0", 3);
  std::string kept;
  while (!line.empty()) {
    const std::size_t blanks = std::min(line.find_first_of(kBlanksAndMarks), line.size());
    kept += line.substr(0, blanks);
    line.remove_prefix(blanks);
    const std::string_view stretch = line.substr(0, line.find_first_not_of(kBlanksAndMarks));
    line.remove_prefix(stretch.size());
    const std::size_t first_mark = stretch.find(kGone);
    const bool at_line_end = line.empty() || line.front() == '\r' || line.front() == '\n';
    if (first_mark == stretch.npos) {
      kept += stretch;
    } else if (!at_line_end) {
      const bool like_in_front = kept.empty() || (kept.ends_with('[') && !line.starts_with('#'));
      kept += like_in_front ? stretch.substr(0, first_mark) : stretch.substr(stretch.rfind(kGone) + 1);
    }
  }
  return kept;
}

std::string without_marks(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline == text.npos ? text.size() : newline + 1);
    text.remove_prefix(line.size());
    if (line.find(kGone) == line.npos) {
      kept += line;
    } else if (const std::string rest = line_without_marks(line); rest.find_first_not_of(" \t\r\n") != rest.npos) {
      kept += rest;
    }
  }
  return kept;
}

// The comma that goes with an entry: the one on its line, else the one behind it; the last entry may have only the one
// in front.
std::optional<std::size_t> comma_of(std::string_view text, const ServicePlaces& places, std::size_t index) {
  const Range entry = range_of(text, places.node_entries[index]);
  const std::optional<std::size_t> behind = comma_after(text, entry.end);
  if (index == 0 || (behind && *behind < line_end(text, entry.end))) return behind;
  const std::optional<std::size_t> in_front = comma_after(text, range_of(text, places.node_entries[index - 1]).end);
  return !behind || (in_front && *in_front >= line_begin(text, entry.begin)) ? in_front : behind;
}

std::string with_entry_removed(std::string_view text, const ServicePlaces& places, std::size_t index) {
  const Range entry = range_of(text, places.node_entries[index]);
  std::string marked(text);
  mark(marked, entry);
  if (const auto comma = comma_of(text, places, index)) mark(marked, {*comma, *comma + 1});
  // The comment behind an entry that has the line for itself goes with it.
  const std::size_t end = line_end(text, entry.end);
  const std::size_t comment = text.find_first_not_of(" \t,", entry.end);
  const bool alone = line_front(text, entry.begin).find_first_not_of(" \t,") == text.npos;
  if (alone && comment < end && text[comment] == '#') mark(marked, {comment, end});
  return without_marks(marked);
}

}  // namespace

Edited add_node(const LoadedTopology& loaded, std::string_view service, const cluster::NodeSpec& node) {
  const auto found = find_service(loaded, service);
  if (!found) return std::unexpected(found.error());
  cluster::Topology intended = loaded.topology;
  cluster::Service& changed = intended.services[found->index];
  if (std::ranges::count(changed.nodes, node.address, &cluster::NodeSpec::address) > 0)
    return std::unexpected(fmt::format("{} has the node {} already", service, node.address.to_text()));
  changed.nodes.push_back(node);
  settle_defaults(changed, *found->places);
  const std::string entry = entry_text(changed.tier, node);
  std::string text = found->places->node_entries.empty() ? with_list_added(loaded.text, *found->places, entry)
                                                         : with_entry_added(loaded.text, *found->places, entry);
  return checked(loaded, std::move(text), intended);
}

Edited remove_node(const LoadedTopology& loaded, std::string_view service, const Address& node) {
  const auto found = find_service(loaded, service);
  if (!found) return std::unexpected(found.error());
  const auto index = find_node(loaded, *found, node);
  if (!index) return std::unexpected(index.error());
  cluster::Topology intended = loaded.topology;
  auto& nodes = intended.services[found->index].nodes;
  if (nodes.size() == 1)
    return std::unexpected(
        fmt::format("{} is the last node of {}; {}", node.to_text(), service,
                    intended.services[found->index].tier == cluster::Tier::kCache
                        ? "remove `nodes` from the file and run `tenfold reload` to go back to the built-in cache"
                        : "remove the service from the file instead"));
  nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(*index));
  return checked(loaded, with_entry_removed(loaded.text, *found->places, *index), intended);
}

Edited change_node(const LoadedTopology& loaded, std::string_view service, const Address& node,
                   const NodeChange& change) {
  const auto found = find_service(loaded, service);
  if (!found) return std::unexpected(found.error());
  const auto index = find_node(loaded, *found, node);
  if (!index) return std::unexpected(index.error());
  cluster::Topology intended = loaded.topology;
  const cluster::Tier tier = intended.services[found->index].tier;
  cluster::NodeSpec& changed = intended.services[found->index].nodes[*index];
  if (change.weight) changed.weight = *change.weight;
  if (change.state) changed.state = *change.state;
  if (intended.services == loaded.topology.services) return loaded;
  const Range range = range_of(loaded.text, found->places->node_entries[*index]);
  return checked(loaded, replaced(loaded.text, range, entry_text(tier, changed)), intended);
}

}  // namespace tenfold::control
