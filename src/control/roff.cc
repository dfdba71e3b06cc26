// SPDX-License-Identifier: Apache-2.0
#include "control/roff.h"

#include <fmt/format.h>

namespace tenfold::control {

std::string roff(std::string_view text) {
  std::string result;
  if (text.starts_with('.') || text.starts_with('\'')) result = "\\&";
  for (char c : text) {
    switch (c) {
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '"':
        result += "\\(dq";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      case '\n':
        result += ' ';
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string roff_argument(std::string_view text) {
  return fmt::format("\"{}\"", roff(text));
}

std::string manual_title(std::string_view name, int section, std::string_view version, std::string_view volume) {
  return fmt::format(".TH {} {} \"\" \"tenfold {}\" {}\n", roff_argument(name), section, roff(version),
                     roff_argument(volume));
}

}  // namespace tenfold::control
