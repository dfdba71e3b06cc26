// SPDX-License-Identifier: Apache-2.0
#include "tenfold/verbs.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "control/effective.h"
#include "tenfold/exit_codes.h"

namespace tenfold::cli {
namespace {

constexpr std::array kVerbs = {
    Verb{"run", "", "Serve the topology, in the foreground.", run_server},
    Verb{"check", "[--effective]", "Check the topology file; with --effective, show every setting and its origin.",
         check},
    Verb{"diff", "", "Show how the file differs from what runs.", diff},
    Verb{"reload", "", "Make the file what runs, by difference.", reload},
    Verb{"status", "", "Show services and nodes: state, reason, load, latency.", status},
    Verb{"top", "", "The same, live.", top},
    Verb{"add", "SERVICE ADDRESS [--weight N] [--zone Z]",
         "Add a node, live and in the file, and wait until it serves.", add},
    Verb{"drain", "SERVICE ADDRESS [--timeout T]", "Give a node no new work, and wait until it is idle.", drain},
    Verb{"enable", "SERVICE ADDRESS", "Give a drained node work again.", enable},
    Verb{"remove", "SERVICE ADDRESS", "Remove a node, live and in the file.", remove},
    Verb{"weight", "SERVICE ADDRESS N", "Change a node's share of the traffic.", weight},
    Verb{"explain", "http URL | cache SERVICE KEY", "Say where a request or key would go, and why; sends nothing.",
         explain},
    Verb{"schema", "[--page]", "Print the JSON Schema of the topology file, or its reference page.", schema},
    Verb{"completion", "", "Print the completion script for bash.", completion},
};

constexpr std::string_view kOptions =
    "  -c FILE    the topology file (default ./tenfold.toml, then /etc/tenfold/tenfold.toml)\n"
    "  --json     print data as JSON\n"
    "  --help     this text\n"
    "  --version  the version\n";

constexpr std::string_view kExitCodes =
    "0 ok, 1 failed, 2 wrong usage, 3 topology invalid, 4 done but degraded, 5 no running tenfold answers";

}  // namespace

std::span<const Verb> verbs() {
  return kVerbs;
}

std::string help_text() {
  std::string text = "usage: tenfold VERB [OPERANDS] [OPTIONS]\n\n";
  for (const Verb& verb : kVerbs)
    text += fmt::format("  {:<52} {}\n", fmt::format("{} {}", verb.name, verb.operands), verb.summary);
  return text + "\n" + std::string(kOptions) + "\nexit codes: " + std::string(kExitCodes) + "\n";
}

std::string command_line_page() {
  std::string page =
      "# The command line\n\nGenerated from the table of verbs (`src/tenfold/verbs.cc`) by `tenfold completion "
      "--page`.\n\n"
      "`tenfold VERB [OPERANDS] [OPTIONS]`: data on standard output, talk on standard error.\n\n"
      "| verb | operands | does |\n| --- | --- | --- |\n";
  for (const Verb& verb : kVerbs)
    page += fmt::format("| `{}` | {} | {} |\n", verb.name,
                        verb.operands.empty() ? "" : fmt::format("`{}`", verb.operands), verb.summary);
  page += "\nOptions of all verbs:\n\n```\n" + std::string(kOptions) + "```\n\n";
  return page + "Exit codes: " + std::string(kExitCodes) + ".\n";
}

int schema(const Arguments& arguments) {
  std::fputs((arguments.page ? control::reference_page() : control::json_schema()).c_str(), stdout);
  return kOk;
}

int completion(const Arguments& arguments) {
  if (arguments.page) {
    std::fputs(command_line_page().c_str(), stdout);
    return kOk;
  }
  std::string names;
  for (const Verb& verb : kVerbs) names += fmt::format("{} ", verb.name);
  std::fputs(fmt::format("complete -o default -W '{}-c --json --help --version' tenfold\n", names).c_str(), stdout);
  return kOk;
}

}  // namespace tenfold::cli
