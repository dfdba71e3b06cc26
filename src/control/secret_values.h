// SPDX-License-Identifier: Apache-2.0
// Secrets are shown nowhere: a line of the topology file that is quoted to people, who may paste it anywhere, says
// "(secret)" instead. It works on the line's text, for a line is quoted just when the file may be broken.
#pragma once

#include <cstddef>
#include <string>

namespace tenfold::control {

/// A line of the file, and the columns of it that are marked; counted from 0.
struct QuotedLine {
  std::string text;
  std::size_t column = 0;
  std::size_t length = 1;
};

/// Blanks what stands behind the keys that hold secrets. env:NAME and file:PATH say only where one is, and stay.
void hide_secrets(QuotedLine& line);

}  // namespace tenfold::control
