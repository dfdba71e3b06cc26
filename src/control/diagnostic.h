// SPDX-License-Identifier: Apache-2.0
// What is wrong with a topology file, and where. All problems of a file are gathered and shown together:
//
//   tenfold.toml:12:9: error: unknown key 'wieght'
//      12 | wieght = 2
//         | ^~~~~~
//         = did you mean 'weight'?
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tenfold::control {

/// A place in the file; lines and columns count from 1, and 0 means the file as a whole.
struct Location {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // columns marked
};

struct Diagnostic {
  enum class Severity : std::uint8_t { kError, kWarning };
  Severity severity = Severity::kError;
  Location at;
  std::string message;
  std::string help;  // what to do; may be empty
};

class Diagnostics {
 public:
  void error(Location at, std::string message, std::string help = {});
  void warning(Location at, std::string message, std::string help = {});

  bool has_errors() const { return error_count() > 0; }
  std::size_t error_count() const;
  const std::vector<Diagnostic>& all() const { return all_; }
  /// Those that are shown: the first 100 errors and warnings each, and one that counts the others.
  std::vector<Diagnostic> shown() const;
  /// By their place in the file; what is of the file as a whole comes last, for it may be so because of the others.
  void sort();

 private:
  std::vector<Diagnostic> all_;
};

/// One diagnostic as people see it, several lines; `source` is the file's text.
std::string render(const Diagnostic& diagnostic, std::string_view file_name, std::string_view source);

/// All that are shown, and a line that counts all.
std::string render(const Diagnostics& diagnostics, std::string_view file_name, std::string_view source);

/// "did you mean 'weight'?" when one of the names is close to what was written, "" otherwise.
std::string nearest_name_help(std::string_view written, const std::vector<std::string_view>& names);

}  // namespace tenfold::control
