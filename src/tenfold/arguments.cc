// SPDX-License-Identifier: Apache-2.0
#include "tenfold/arguments.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "base/bytes.h"

namespace tenfold::cli {

std::expected<Arguments, std::string> Arguments::parse(int count, char** values) {
  Arguments arguments;
  const std::map<std::string_view, bool*> flags = {
      {"--json", &arguments.json},      {"--effective", &arguments.effective}, {"--page", &arguments.page},
      {"--man", &arguments.man},        {"--help", &arguments.help},           {"-h", &arguments.help},
      {"--version", &arguments.version}};
  const std::map<std::string_view, std::string*> options = {{"-c", &arguments.file},
                                                            {"--config", &arguments.file},
                                                            {"--weight", &arguments.weight},
                                                            {"--zone", &arguments.zone},
                                                            {"--timeout", &arguments.timeout}};
  for (int i = 1; i < count; ++i) {
    const std::string_view word = values[i];
    if (flags.contains(word) || options.contains(word)) arguments.given.emplace_back(word);
    if (const auto flag = flags.find(word); flag != flags.end()) {
      *flag->second = true;
    } else if (const auto option = options.find(word); option != options.end()) {
      if (++i == count) return std::unexpected(fmt::format("{} needs a value", word));
      *option->second = values[i];
      if (option->second == &arguments.file && arguments.file.empty())
        return std::unexpected(fmt::format("{} needs the name of a file, and got none", word));
    } else if (word.size() > 1 && word.starts_with('-') && !is_digit(word[1])) {  // -1 is a number, though a bad one
      return std::unexpected(fmt::format("unknown option {}", word));
    } else {
      arguments.words.emplace_back(word);
    }
  }
  return arguments;
}

std::string Arguments::topology_file() const {
  constexpr const char* kHere = "tenfold.toml";
  constexpr const char* kSystem = "/etc/tenfold/tenfold.toml";
  if (!file.empty()) return file;
  return access(kHere, F_OK) == 0 || access(kSystem, F_OK) != 0 ? kHere : kSystem;
}

bool Arguments::has_topology_file() const {
  return !file.empty() || access(topology_file().c_str(), F_OK) == 0;
}

}  // namespace tenfold::cli
