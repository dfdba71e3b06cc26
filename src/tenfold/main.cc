// SPDX-License-Identifier: Apache-2.0
// tenfold: one program between visitors and servers. Each verb is a function (tenfold/verbs.h); `run` is the server.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "control/diagnostic.h"
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

}  // namespace

int main(int count, char** values) {
  const auto arguments = tenfold::cli::Arguments::parse(count, values);
  if (!arguments) return wrong_usage(arguments.error());
  if (arguments->version) {
    std::fputs("tenfold " TENFOLD_VERSION "\n", stdout);
    return tenfold::cli::kOk;
  }
  if (arguments->help) {
    std::fputs(tenfold::cli::help_text().c_str(), stdout);
    return tenfold::cli::kOk;
  }
  if (arguments->words.empty()) return wrong_usage("a verb is missing");
  const auto verb =
      std::ranges::find(tenfold::cli::verbs(), std::string_view(arguments->words.front()), &tenfold::cli::Verb::name);
  if (verb == tenfold::cli::verbs().end()) return unknown_verb(arguments->words.front());
  return verb->run(*arguments);
}
