// SPDX-License-Identifier: Apache-2.0
#include "tenfold/verbs.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "control/effective.h"
#include "control/roff.h"
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
    Verb{"schema", "[--page | --man]", "Print the JSON Schema of the topology file, or its reference or manual page.",
         schema},
    Verb{"completion", "[--page | --man]",
         "Print the completion script for bash, or the reference or manual page of the command line.", completion},
};

struct Option {
  std::string_view text;
  std::string_view summary;
};
constexpr std::array kOptions = {
    Option{"-c FILE", "the topology file (default ./tenfold.toml, then /etc/tenfold/tenfold.toml)"},
    Option{"--json", "print data as JSON"},
    Option{"--help", "this text"},
    Option{"--version", "the version"},
};

struct Signal {
  std::string_view name;
  std::string_view summary;
};
constexpr std::array kSignals = {
    Signal{"SIGTERM, SIGINT",
           "Stop: clients are accepted for shutdown_grace, and what is under way may take "
           "shutdown_limit. A second one ends both at once."},
    Signal{"SIGHUP", "The same as tenfold reload."},
    Signal{"SIGUSR1", "Open the access log anew."},
    Signal{"SIGUSR2", "Start the program anew, give it the listeners, and end when it serves: for a new version."},
};

constexpr std::string_view kExitCodes =
    "0 ok, 1 failed, 2 wrong usage, 3 topology invalid or not the one that runs, 4 done but degraded, 5 no running "
    "tenfold answers";

std::string options_text() {
  std::string text;
  for (const Option& option : kOptions) text += fmt::format("  {:<10} {}\n", option.text, option.summary);
  return text;
}

}  // namespace

std::span<const Verb> verbs() {
  return kVerbs;
}

std::string help_text() {
  std::string text = "usage: tenfold VERB [OPERANDS] [OPTIONS]\n\n";
  for (const Verb& verb : kVerbs)
    text += fmt::format("  {:<52} {}\n", fmt::format("{} {}", verb.name, verb.operands), verb.summary);
  return text + "\n" + options_text() + "\nexit codes: " + std::string(kExitCodes) + "\n";
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
  page += "\nOptions of all verbs:\n\n```\n" + options_text() + "```\n\n";
  page += "Exit codes: " + std::string(kExitCodes) + ".\n\nSignals of a running `tenfold run`:\n\n";
  for (const Signal& signal : kSignals) page += fmt::format("- {}: {}\n", signal.name, signal.summary);
  return page;
}

std::string command_line_manual() {
  using control::roff;
  std::string page = control::manual_title("TENFOLD", 8, TENFOLD_VERSION, "System Administration");
  page += ".SH NAME\ntenfold \\- reverse proxy and cache proxy from one topology file\n";
  page += ".SH SYNOPSIS\n.B tenfold\n.I VERB\n[OPERANDS] [OPTIONS]\n.SH DESCRIPTION\n";
  page += roff(
      "Stands between visitors, application servers and caches, and speaks their own protocols. Data is printed "
      "on standard output, talk on standard error.");
  page += "\n.SH VERBS\n";
  for (const Verb& verb : kVerbs)
    page += fmt::format(".TP\n.BI {} {}\n{}\n", control::roff_argument(fmt::format("{} ", verb.name)),
                        control::roff_argument(verb.operands), roff(verb.summary));
  page += ".SH OPTIONS\n";
  for (const Option& option : kOptions)
    page += fmt::format(".TP\n.B {}\n{}\n", control::roff_argument(option.text), roff(option.summary));
  page += ".SH SIGNALS\n";
  for (const Signal& signal : kSignals)
    page += fmt::format(".TP\n.B {}\n{}\n", control::roff_argument(signal.name), roff(signal.summary));
  page += fmt::format(".SH EXIT STATUS\n{}\n", roff(kExitCodes));
  return page + ".SH SEE ALSO\n.BR tenfold.toml (5)\n";
}

int schema(const Arguments& arguments) {
  if (arguments.man)
    std::fputs(control::topology_manual(TENFOLD_VERSION).c_str(), stdout);
  else
    std::fputs((arguments.page ? control::reference_page() : control::json_schema()).c_str(), stdout);
  return kOk;
}

int completion(const Arguments& arguments) {
  if (arguments.page || arguments.man) {
    std::fputs((arguments.man ? command_line_manual() : command_line_page()).c_str(), stdout);
    return kOk;
  }
  std::string names;
  for (const Verb& verb : kVerbs) names += fmt::format("{} ", verb.name);
  std::fputs(fmt::format("complete -o default -W '{}-c --json --help --version' tenfold\n", names).c_str(), stdout);
  return kOk;
}

}  // namespace tenfold::cli
