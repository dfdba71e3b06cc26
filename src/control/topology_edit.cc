// SPDX-License-Identifier: Apache-2.0
#include "control/topology_edit.h"

#include <fmt/format.h>

#include <algorithm>

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

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

// The comma that follows `at`, before anything but blanks; npos when there is none.
std::size_t comma_after(std::string_view text, std::size_t at) {
  while (at < text.size() && (is_blank(text[at]) || text[at] == '\n' || text[at] == '\r')) ++at;
  return at < text.size() && text[at] == ',' ? at : text.npos;
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

// The text as a topology, if it says what it should.
Edited checked(const LoadedTopology& before, std::string text, const cluster::Topology& intended) {
  LoadedTopology after = parse_topology(std::move(text), before.file_name);
  if (!after.ok()) return std::unexpected(after.rendered());
  if (after.topology.services != intended.services)
    return std::unexpected(fmt::format(
        "{} is laid out in a way that cannot be edited safely; edit it and run `tenfold reload`", before.file_name));
  return after;
}

std::string replaced(std::string_view text, Range range, std::string_view with) {
  return std::string(text.substr(0, range.begin)) + std::string(with) + std::string(text.substr(range.end));
}

// The first node of a service: a list of its own, behind the line where the service listens.
std::string with_list_added(std::string_view text, const ServicePlaces& places, const std::string& entry) {
  const std::size_t behind = line_end(text, range_of(text, places.keys.find("listen")->second).end);
  return replaced(text, {behind, behind}, "\nnodes = [" + entry + "]");
}

std::string with_entry_added(std::string_view text, const ServicePlaces& places, const std::string& entry) {
  const Range last = range_of(text, places.node_entries.back());
  const std::size_t comma = comma_after(text, last.end);
  const bool trailing_comma = comma != text.npos;
  const std::size_t behind = trailing_comma ? comma + 1 : last.end;
  const bool own_line =
      text.substr(line_begin(text, last.begin), last.begin - line_begin(text, last.begin)).find_first_not_of(" \t") ==
      text.npos;
  const std::size_t close = offset_of(text, places.nodes.end) - 1;
  const bool closed_on_same_line = close <= line_end(text, behind);
  if (!own_line)
    return replaced(text, {behind, behind}, (trailing_comma ? " " : ", ") + entry + (trailing_comma ? "," : ""));
  const std::string indent(text.substr(line_begin(text, last.begin), last.begin - line_begin(text, last.begin)));
  const std::string line = "\n" + indent + entry + (trailing_comma ? "," : "");
  std::string result(text);
  // Behind the comment of the last entry, where it has one.
  result.insert(closed_on_same_line ? behind : line_end(text, behind), line);
  if (!trailing_comma) result.insert(last.end, ",");
  return result;
}

std::string with_entry_removed(std::string_view text, const ServicePlaces& places, std::size_t index) {
  Range gone = range_of(text, places.node_entries[index]);
  const std::size_t comma = comma_after(text, gone.end);
  if (comma != text.npos) {
    gone.end = comma + 1;
  } else if (index > 0) {
    // The last entry goes with the comma before it.
    const Range before = range_of(text, places.node_entries[index - 1]);
    const std::size_t its_comma = comma_after(text, before.end);
    if (text.substr(its_comma, gone.begin - its_comma).find('\n') == text.npos)
      return replaced(text, {its_comma, gone.end}, "");
    std::string without = replaced(text, gone, "");
    without.erase(its_comma, 1);
    gone = {gone.begin - 1, gone.begin - 1};
    const Range line{line_begin(without, gone.begin), line_end(without, gone.begin)};
    const std::string_view rest = std::string_view(without).substr(line.begin, line.end - line.begin);
    if (rest.find_first_not_of(" \t\r") == rest.npos && line.end < without.size())
      without.erase(line.begin, line.end - line.begin + 1);
    return without;
  }
  const Range line{line_begin(text, gone.begin), line_end(text, gone.end)};
  const std::string_view front = text.substr(line.begin, gone.begin - line.begin);
  const std::string_view back = text.substr(gone.end, line.end - gone.end);
  const std::size_t rest = back.find_first_not_of(" \t\r");
  const bool alone = front.find_first_not_of(" \t") == front.npos && (rest == back.npos || back[rest] == '#');
  if (alone && line.end < text.size()) return replaced(text, {line.begin, line.end + 1}, "");
  while (gone.end < text.size() && is_blank(text[gone.end])) ++gone.end;
  return replaced(text, gone, "");
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
