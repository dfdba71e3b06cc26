// SPDX-License-Identifier: Apache-2.0
// Secrets are shown nowhere: a line of the topology file that is quoted to people, who may paste it anywhere, says
// "(secret)" instead. It works on the line's text, for a line is quoted just when the file may be broken.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenfold::control {

/// A line of the file, and the columns of it that are marked; counted from 0.
struct QuotedLine {
  std::string text;
  std::size_t column = 0;
  std::size_t length = 1;
};

/// Blanks what stands behind keys that hold secrets, or whose name is so near to such a one, or so like that of a
/// secret elsewhere, that it may be one mistyped; and every further line of a string of several. env:NAME and file:PATH
/// say only where a secret is, and stay. `before` is the text of the file in front of the line.
void hide_secrets(QuotedLine& line, std::string_view before);

}  // namespace tenfold::control
