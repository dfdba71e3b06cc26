// SPDX-License-Identifier: Apache-2.0
// The words of the command line, told apart: options may stand anywhere, with their value behind
// them or behind a '='; behind -- there are none. Which of them a verb has, tenfold/verbs.h
// knows.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::cli {

struct Arguments {
  std::vector<std::string> words;  // the verb and its operands
  std::string file;                // -c; empty where it was not given
  std::string admin;               // --admin
  bool json = false;
  bool effective = false;
  bool page = false;
  bool man = false;
  bool help = false;
  bool version = false;
  std::string weight;              // --weight
  std::string zone;                // --zone
  std::string timeout;             // --timeout
  std::vector<std::string> given;  // the options, as they were written

  /// The error is a sentence for people.
  static std::expected<Arguments, std::string> parse(int count, char** values);

  /// The topology file: -c, or ./tenfold.toml, or /etc/tenfold/tenfold.toml, the first that exists.
  std::string topology_file() const;
  /// False where none was named, and there is none.
  bool has_topology_file() const;
  std::string word(std::size_t index) const { return index < words.size() ? words[index] : std::string(); }
};

}  // namespace tenfold::cli
