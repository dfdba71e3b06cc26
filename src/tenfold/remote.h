// SPDX-License-Identifier: Apache-2.0
// The running program, as the verbs that talk to it see it, and how they talk to the user. Blocking.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "tenfold/admin_client.h"
#include "tenfold/arguments.h"
#include "tenfold/exit_codes.h"

namespace tenfold::cli {

/// A line of talk, on standard error.
void say(std::string_view text);
/// Data, on standard output.
void print(const std::string& text);
void print(const nlohmann::ordered_json& data);
/// Says what is wrong with a value of the command line; the exit code for that.
int wrong_value(std::string_view problem);
/// Prints what a change has changed, or with `json` the whole answer.
int print_changes(const nlohmann::ordered_json& result, bool json);

/// The running program, whose admin address is found in the topology file, and how a verb ends when it does not answer
/// as it should. A file that does not tell the address is said to be wrong, and nobody is called, unless --admin names
/// it: what answers at the default address is another program.
class Remote {
 public:
  explicit Remote(const Arguments& arguments);

  /// The body of a 2xx answer; nullopt after saying what went wrong, with exit_code() set.
  std::optional<nlohmann::ordered_json> call(std::string_view method, const std::string& target,
                                             const nlohmann::ordered_json& body = nullptr);

  int exit_code() const { return exit_code_; }

 private:
  std::optional<AdminClient> client_;  // none where the file does not tell the address
  bool json_;
  int exit_code_ = kOk;
};

}  // namespace tenfold::cli
