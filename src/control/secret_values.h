// SPDX-License-Identifier: Apache-2.0
// Secrets are shown nowhere: a line of the topology file that is quoted to people, who may paste it anywhere, says
// "(secret)" instead. It works on the file's text, for a line is quoted just when the file may be broken: what looks
// like the key of a secret, or like one that was misspelled, is taken for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tenfold::control {

/// A line of the file as it is written, and the file's text in front of it.
struct SourceLine {
  std::string_view before;
  std::string_view text;
};
/// Lines count from 1; one that the file has not is empty.
SourceLine source_line(std::string_view source, std::uint32_t number);

/// A line of the file, and the columns of it that are marked; counted from 0.
struct QuotedLine {
  std::string text;
  std::size_t column = 0;
  std::size_t length = 1;
};

/// Blanks what stands behind the keys that hold secrets, or what the line has of one that began before it. env:NAME and
/// file:PATH say only where one is, and stay.
void hide_secrets(QuotedLine& line, std::string_view before);

/// A message of the TOML parser, which quotes what it does not understand, without the secrets of its line.
std::string without_secrets(std::string message, const SourceLine& line);

}  // namespace tenfold::control
