// SPDX-License-Identifier: Apache-2.0
// tenfold: one program between visitors and servers. Each verb is a function (tenfold/verbs.h); `run` is the server.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "control/diagnostic.h"
#include "runtime/native/standard_streams.h"
#include "tenfold/arguments.h"
#include "tenfold/exit_codes.h"
#include "tenfold/verbs.h"

namespace {

int wrong_usage(std::string_view problem) {
  std::fputs(fmt::format("tenfold: {}\nrun `tenfold --help` for the verbs\n", problem).c_str(), stderr);
  return tenfold::cli::kUsage;
}

int unknown_verb(std::string_view name) {
  std::vector<std::string_view> names;
  for (const tenfold::cli::Verb& verb : tenfold::cli::verbs()) names.push_back(verb.name);
  const std::string help = tenfold::control::nearest_name_help(name, names);
  return wrong_usage(fmt::format("there is no verb {}{}{}", name, help.empty() ? "" : "; ", help));
}

// Output that did not get out is a failure, whatever the verb thinks of itself: a full disk must not look like data, or
// like a service that is degraded.
int ended(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  std::fputs(fmt::format("tenfold: the output cannot be written: {}\n", std::strerror(errno)).c_str(), stderr);
  return tenfold::cli::kFailed;
}

}  // namespace

int main(int count, char** values) {
  tenfold::runtime::native::reserve_standard_streams();
  auto arguments = tenfold::cli::Arguments::parse(count, values);
  if (!arguments) return wrong_usage(arguments.error());
  if (arguments->version) {
    std::fputs("tenfold " TENFOLD_VERSION "\n", stdout);
    return ended(tenfold::cli::kOk);
  }
  // `tenfold help` and `tenfold help VERB` are other words for --help.
  std::vector<std::string>& words = arguments->words;
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    arguments->help = true;
  }
  if (words.empty() && arguments->help) {
    std::fputs(tenfold::cli::help_text().c_str(), stdout);
    return ended(tenfold::cli::kOk);
  }
  if (words.empty()) return wrong_usage("a verb is missing");
  const auto verb =
      std::ranges::find(tenfold::cli::verbs(), std::string_view(words.front()), &tenfold::cli::Verb::name);
  if (verb == tenfold::cli::verbs().end()) return unknown_verb(words.front());
  if (arguments->help) {
    std::fputs(tenfold::cli::help_text(*verb).c_str(), stdout);
    return ended(tenfold::cli::kOk);
  }
  if (const std::string problem = tenfold::cli::problem_with(*verb, *arguments); !problem.empty()) {
    std::fputs(fmt::format("tenfold: {}\nusage: tenfold {} {}\n", problem, verb->name, verb->operands).c_str(), stderr);
    return tenfold::cli::kUsage;
  }
  return ended(verb->run(*arguments));
}
