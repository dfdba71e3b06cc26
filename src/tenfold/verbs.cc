// SPDX-License-Identifier: Apache-2.0
#include "tenfold/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/bytes.h"
#include "control/effective.h"
#include "control/roff.h"
#include "tenfold/exit_codes.h"

namespace tenfold::cli {
namespace {

constexpr std::array kVerbs = {
    Verb{"run", "", "Serve the topology, in the foreground.", run_server},
    Verb{"check", "[--effective]", "Check the topology file; with --effective, show every setting and its origin.",
         check},
    Verb{"diff", "", "Show how the file differs from what runs.", diff, true},
    Verb{"reload", "", "Make the file what runs, by difference.", reload, true},
    Verb{"status", "", "Show services and nodes: state, reason, load, latency.", status, true},
    Verb{"top", "", "The same, live.", top, true},
    Verb{"add", "SERVICE ADDRESS [--weight N] [--zone Z]",
         "Add a node, live and in the file, and wait until it serves.", add, true},
    Verb{"drain", "SERVICE ADDRESS [--timeout T]", "Give a node no new work, and wait until it is idle.", drain, true},
    Verb{"enable", "SERVICE ADDRESS", "Give a drained node work again.", enable, true},
    Verb{"remove", "SERVICE ADDRESS", "Remove a node, live and in the file.", remove, true},
    Verb{"weight", "SERVICE ADDRESS N", "Change a node's share of the traffic.", weight, true},
    Verb{"explain", "http URL | cache SERVICE KEY", "Say where a request or key would go, and why; sends nothing.",
         explain, true},
    Verb{"schema", "[--page | --man]", "Print the JSON Schema of the topology file, or its reference or manual page.",
         schema},
    Verb{"completion", "[--page | --man]",
         "Print the completion script for bash, or the reference or manual page of the command line.", completion},
};

struct Option {
  std::string_view text;
  std::string_view summary;
};
// Of the verbs whose operands name them.
constexpr std::array kVerbOptions = {
    Option{"--effective", "with --json beside the diagnostics, as text"},
    Option{"--weight N", "its share of the traffic, from 0 to 1000 (default 1)"},
    Option{"--zone Z", "where it stands: a name of your own"},
    Option{"--timeout T", "how long to wait at most, like 30s (default 60s)"},
    Option{"--page", "the reference page instead, in Markdown"},
    Option{"--man", "the manual page instead"},
};
// Of those that call the running program.
constexpr Option kAdminOption{"--admin ADDRESS", "where its admin API is, whatever the file says"};
constexpr std::array kOptions = {
    Option{"-c FILE", "the topology file (default ./tenfold.toml, then /etc/tenfold/tenfold.toml)"},
    Option{"--json", "print data as JSON"},
    Option{"--help", "what the verb does, and its options"},
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
    "0 ok, 1 failed, also to write the output, 2 wrong usage, 3 topology invalid or not the one that runs, 4 done but "
    "degraded, 5 no running "
    "tenfold answers";

std::string line_of(const Option& option) {
  return fmt::format("  {:<15} {}\n", option.text, option.summary);
}

std::string options_text() {
  std::string text;
  for (const Option& option : kOptions) text += line_of(option);
  return text;
}

std::string_view name_of(const Option& option) {
  return option.text.substr(0, option.text.find(' '));
}

bool has_option(const Verb& verb, std::string_view name) {
  return std::ranges::any_of(kOptions, [name](const Option& option) { return name_of(option) == name; }) ||
         name == "--config" || name == "-h" || (verb.is_remote && name == name_of(kAdminOption)) ||
         verb.operands.find(name) != verb.operands.npos;
}

// True when the words behind the verb are as `way` says it: as many, and those in lower case the very same.
bool fits(std::string_view way, std::span<const std::string> words) {
  std::size_t count = 0;
  way = way.substr(0, way.find('['));
  while (!way.empty()) {
    const std::string_view word = way.substr(0, way.find(' '));
    way.remove_prefix(std::min(word.size() + 1, way.size()));
    if (word.empty()) continue;
    if (count == words.size() || (word.front() == to_lower(word.front()) && words[count] != word)) return false;
    ++count;
  }
  return count == words.size();
}

}  // namespace

std::string problem_with(const Verb& verb, const Arguments& arguments) {
  for (const std::string& option : arguments.given) {
    if (!has_option(verb, option)) return fmt::format("{} has no option {}", verb.name, option);
  }
  if (arguments.page && arguments.man) return "--page and --man are two pages: one of them";
  const std::span<const std::string> words = std::span(arguments.words).subspan(1);
  std::string_view ways = verb.operands;
  for (;;) {
    // Behind the first '[' stand options alone, and a '|' among them is theirs.
    const std::size_t end = std::min(ways.find(" | "), ways.size());
    const bool is_last = end == ways.size() || ways.substr(0, end).find('[') != ways.npos;
    if (fits(is_last ? ways : ways.substr(0, end), words)) return {};
    if (is_last) return words.empty() ? "operands are missing" : "the operands are not what it takes";
    ways.remove_prefix(end + 3);
  }
}

std::span<const Verb> verbs() {
  return kVerbs;
}

std::string help_text() {
  std::string text = "usage: tenfold VERB [OPERANDS] [OPTIONS]\n\n";
  for (const Verb& verb : kVerbs)
    text += fmt::format("  {:<52} {}\n", fmt::format("{} {}", verb.name, verb.operands), verb.summary);
  return text + "\n" + options_text() + line_of(kAdminOption) + "\nexit codes: " + std::string(kExitCodes) + "\n";
}

std::string help_text(const Verb& verb) {
  std::string text = fmt::format("usage: tenfold {}{}{} [OPTIONS]\n\n{}\n\n", verb.name,
                                 verb.operands.empty() ? "" : " ", verb.operands, verb.summary);
  for (const Option& option : kVerbOptions) {
    if (verb.operands.find(name_of(option)) != verb.operands.npos) text += line_of(option);
  }
  if (verb.is_remote) text += line_of(kAdminOption);
  return text + options_text() + "\nexit codes: " + std::string(kExitCodes) + "\n";
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
  page += "\nOptions of those that name them, of those that call a running tenfold, and of all verbs:\n\n```\n";
  for (const Option& option : kVerbOptions) page += line_of(option);
  page += "\n" + line_of(kAdminOption) + "\n" + options_text() +
          "```\n\nOther words and options than these are wrong usage.\n\n";
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
  const auto add_option = [&page](const Option& option) {
    page += fmt::format(".TP\n.B {}\n{}\n", control::roff_argument(option.text), roff(option.summary));
  };
  std::ranges::for_each(kVerbOptions, add_option);
  add_option(kAdminOption);
  std::ranges::for_each(kOptions, add_option);
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
  for (const Option& option : kVerbOptions) names += fmt::format("{} ", name_of(option));
  names += name_of(kAdminOption);
  for (const Option& option : kOptions) names += fmt::format(" {}", name_of(option));
  std::fputs(fmt::format("complete -o default -W '{}' tenfold\n", names).c_str(), stdout);
  return kOk;
}

}  // namespace tenfold::cli
