// SPDX-License-Identifier: Apache-2.0
// The verbs of the command line, as one table: main, the help, the shell completion and the reference page come from
// it. Data goes to standard output, talk to standard error.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tenfold/arguments.h"

namespace tenfold::cli {

struct Verb {
  std::string_view name;
  std::string_view operands;  // "SERVICE ADDRESS [--zone Z]"; one way or another where it says " | "
  std::string_view summary;
  int (*run)(const Arguments& arguments);
  bool is_remote = false;  // it calls the running program
};

std::span<const Verb> verbs();

/// What is wrong with the words and options that the verb was given; "" when they fit its operands.
std::string problem_with(const Verb& verb, const Arguments& arguments);

/// What `tenfold --help` prints.
std::string help_text();
/// What `tenfold VERB --help` prints.
std::string help_text(const Verb& verb);
/// docs/reference/command-line.md.
std::string command_line_page();
/// tenfold(8).
std::string command_line_manual();

// One function a verb; each returns an exit code.
int run_server(const Arguments& arguments);
int check(const Arguments& arguments);
int diff(const Arguments& arguments);
int reload(const Arguments& arguments);
int status(const Arguments& arguments);
int top(const Arguments& arguments);
int add(const Arguments& arguments);
int drain(const Arguments& arguments);
int enable(const Arguments& arguments);
int remove(const Arguments& arguments);
int weight(const Arguments& arguments);
int explain(const Arguments& arguments);
int schema(const Arguments& arguments);
int completion(const Arguments& arguments);

}  // namespace tenfold::cli
