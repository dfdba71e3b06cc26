// SPDX-License-Identifier: Apache-2.0
#include "control/effective.h"

#include <fmt/format.h>

#include "control/keys.h"

namespace tenfold::control {
namespace {

using Places = std::map<std::string, Span, std::less<>>;

void show_keys(std::string& text, Section section, const Draft& draft, const Places& places, const std::string& prefix,
               const std::string& file_name) {
  for (const Key& key : all_keys()) {
    if (key.section != section || key.show == nullptr) continue;
    const auto found = places.find(prefix + std::string(key.name));
    const std::string origin =
        found == places.end() ? "default" : fmt::format("{}:{}", file_name, found->second.begin.line);
    text += fmt::format("{:56} # {}\n", fmt::format("{}{} = {}", prefix, key.name, key.show(draft)), origin);
  }
}

void show_nodes(std::string& text, const cluster::Service& service, const ServicePlaces& places,
                const std::string& file_name) {
  text += "nodes = [\n";
  for (std::size_t i = 0; i < service.nodes.size(); ++i) {
    cluster::NodeSpec node = service.nodes[i];
    Draft draft;
    draft.node = &node;
    std::string entry;
    for (const Key& key : all_keys()) {
      if (key.section == sections_of(service.tier).node)
        entry += fmt::format("{}{} = {}", entry.empty() ? "" : ", ", key.name, key.show(draft));
    }
    text += fmt::format("  {{ {} }}, # {}:{}\n", entry, file_name, places.node_entries[i].begin.line);
  }
  text += "]\n";
}

}  // namespace

std::string effective_text(const LoadedTopology& loaded) {
  cluster::Topology topology = loaded.topology;
  Draft draft;
  draft.run = &topology.run;
  draft.admin = &topology.admin;
  std::string text = "[run]\n";
  show_keys(text, Section::kRun, draft, loaded.places.run, "", loaded.file_name);
  text += "\n[admin]\n";
  show_keys(text, Section::kAdmin, draft, loaded.places.admin, "", loaded.file_name);
  for (std::size_t i = 0; i < topology.services.size(); ++i) {
    cluster::Service& service = topology.services[i];
    draft.service = &service;
    text += fmt::format("\n[{}]\n", service.full_name());
    const TierSections sections = sections_of(service.tier);
    show_keys(text, sections.service, draft, loaded.places.services[i].keys, "", loaded.file_name);
    show_keys(text, sections.health, draft, loaded.places.services[i].keys, "health.", loaded.file_name);
    if (!service.nodes.empty()) show_nodes(text, service, loaded.places.services[i], loaded.file_name);
  }
  return text;
}

}  // namespace tenfold::control
