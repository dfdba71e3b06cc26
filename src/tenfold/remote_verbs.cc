// SPDX-License-Identifier: Apache-2.0
// The verbs that read from the running program, and reload.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "control/json_text.h"
#include "tenfold/pause.h"
#include "tenfold/remote.h"
#include "tenfold/service_look.h"
#include "tenfold/status_text.h"
#include "tenfold/verbs.h"

namespace tenfold::cli {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

// Of the terminal that standard output is; 0 where it does not tell. Asked each time: windows change their size.
std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// Without a terminal, or with one of unknown width, as it is.
std::string for_terminal(std::string text) {
  const std::size_t columns = terminal_columns();
  return columns == 0 ? std::move(text) : cut_to_width(text, columns);
}

}  // namespace

int diff(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("GET", "/v1/diff");
  if (!result) return remote.exit_code();
  if (!arguments.json && (*result)["changes"].empty() && (*result)["needs_restart"].empty())
    say("the file and what runs are the same");
  return print_changes(*result, arguments.json);
}

int reload(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("POST", "/v1/reload");
  if (!result) return remote.exit_code();
  say(fmt::format("epoch {} runs", (*result)["epoch"].get<std::uint64_t>()));
  print_changes(*result, arguments.json);
  return look_at_service(remote, "");
}

int status(const Arguments& arguments) {
  Remote remote(arguments);
  const auto result = remote.call("GET", "/v1/status");
  if (!result) return remote.exit_code();
  arguments.json ? print(*result) : print(status_text(*result, nullptr, 0));
  return is_degraded(*result) ? kDegraded : kOk;
}

int top(const Arguments& arguments) {
  constexpr Duration kInterval = 1s;
  Remote remote(arguments);
  Json before;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  for (;;) {
    const auto now = remote.call("GET", "/v1/status");
    if (!now) return remote.exit_code();
    if (arguments.json)
      print(control::json_text(*now, -1) + "\n");
    else
      print((terminal ? "\x1b[H\x1b[2J" : "") +
            for_terminal(status_text(*now, before.is_null() ? nullptr : &before, to_seconds(kInterval))));
    if (std::fflush(stdout) != 0) return kFailed;
    before = *now;
    pause_for(kInterval);
  }
}

int explain(const Arguments& arguments) {
  const std::string path = arguments.word(1) == "http" ? "/v1/explain/http?url=" + escaped(arguments.word(2))
                                                       : "/v1/explain/cache?service=" + escaped(arguments.word(2)) +
                                                             "&key=" + escaped(arguments.word(3));
  Remote remote(arguments);
  const auto result = remote.call("GET", path);
  if (!result) return remote.exit_code();
  arguments.json ? print(*result) : print(explanation_text(*result));
  return kOk;
}

}  // namespace tenfold::cli
