// SPDX-License-Identifier: Apache-2.0
#include "site/platform/log.h"

#include <unistd.h>

#include <string>

namespace site {
namespace {

std::string node_name = "site";

}  // namespace

void name_log(std::string_view node) {
  node_name = node;
}

void log(std::string_view topic, std::string_view text) {
  std::string line = node_name + ": ";
  line += topic;
  line += ": ";
  for (const char c : text) line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  line += '\n';
  // One write a line keeps lines of different threads whole; a log that cannot be written has nowhere to complain.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace site
