// SPDX-License-Identifier: Apache-2.0
// The reference page and the manual page of the topology file, generated from the table of keys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "control/effective.h"
#include "control/keys.h"
#include "control/roff.h"

namespace tenfold::control {
namespace {

constexpr std::string_view kUnits =
    "Times are a whole number and us, ms, s, m or h; sizes a whole number and B, KiB, MiB or GiB. Addresses are "
    "IP:PORT, "
    "[IPv6]:PORT, :PORT (all IPv4 addresses of the machine) or unix:/path.";

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

// All sections in their order, each with the settings whose members are its defaults.
template <typename Visit>
void for_each_section(Visit visit) {
  cluster::Topology topology;
  cluster::NodeSpec node;
  Draft defaults;
  defaults.run = &topology.run;
  defaults.admin = &topology.admin;
  defaults.node = &node;
  for (Section section : {Section::kRun, Section::kAdmin}) visit(section, defaults);
  for (cluster::Tier tier : kServedTiers) {
    cluster::Service service = default_service(tier);
    defaults.service = &service;
    const TierSections sections = sections_of(tier);
    for (Section section : {sections.service, sections.health, sections.node}) visit(section, defaults);
  }
}

// The default as TOML; "" where there is none.
std::string default_of(const Key& key, const Draft& defaults) {
  return key.required || key.show == nullptr ? std::string() : key.show(defaults);
}

void add_section(std::string& page, Section section, const Draft& defaults) {
  page +=
      fmt::format("\n## `[{}]`\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n", name_of(section));
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    std::string fallback = default_of(key, defaults);
    if (!fallback.empty()) fallback = fmt::format("`{}`", fallback);
    if (key.required) fallback = "required";
    std::string doc(key.doc);
    if (!key.choices.empty()) doc += fmt::format(" One of `{}`.", fmt::join(key.choices, "`, `"));
    page += fmt::format("| `{}` | {} | {} | {} For example `{}`. |\n", key.name, type_text(key), fallback, doc,
                        key.example);
  }
}

void add_manual_section(std::string& page, Section section, const Draft& defaults) {
  page += fmt::format(".SH \"[{}]\"\n", roff(name_of(section)));
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    std::string value = key.required ? "required" : default_of(key, defaults);
    if (!key.required && !value.empty()) value = fmt::format("default {}", value);
    page += fmt::format(".TP\n.B {}\n{}", roff(key.name), roff(type_text(key)));
    page += roff(value.empty() ? ". " : fmt::format("; {}. ", value)) + roff(key.doc);
    if (!key.choices.empty()) page += roff(fmt::format(" One of {}.", fmt::join(key.choices, ", ")));
    page += fmt::format(" For example\n.IR {} .\n", roff_argument(key.example));
  }
}

}  // namespace

std::string reference_page() {
  std::string page =
      "# The topology file\n\n"
      "Generated from the table of keys (`src/control/keys.cc`) by `tenfold schema --page`.\n\n"
      "Times are a whole number and `us`, `ms`, `s`, `m` or `h`; sizes a whole number and `B`, `KiB`, `MiB` or `GiB`.\n"
      "Addresses are `IP:PORT`, `[IPv6]:PORT`, `:PORT` (all IPv4 addresses of the machine) or `unix:/path`.\n";
  for_each_section([&page](Section section, const Draft& defaults) { add_section(page, section, defaults); });
  return page;
}

std::string topology_manual(std::string_view version) {
  std::string page = manual_title("TENFOLD.TOML", 5, version, "File Formats");
  page += ".SH NAME\ntenfold.toml \\- the topology file of tenfold\n.SH DESCRIPTION\n";
  page += roff(
      "A TOML file that says which services and nodes exist. A service is a table [TIER.NAME]; its nodes are an "
      "array, so that growing is adding one line. ");
  page += roff(kUnits) + "\n";
  for_each_section([&page](Section section, const Draft& defaults) { add_manual_section(page, section, defaults); });
  page += ".SH FILES\n.I ./tenfold.toml\n.br\n.I /etc/tenfold/tenfold.toml\n";
  return page + ".SH SEE ALSO\n.BR tenfold (8)\n";
}

}  // namespace tenfold::control
