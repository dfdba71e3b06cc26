// SPDX-License-Identifier: Apache-2.0
#include "tenfold/arguments.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "base/bytes.h"
#include "control/diagnostic.h"

namespace tenfold::cli {

namespace {

// A word that begins so is an option; -1 is a number, though a bad one.
bool is_option(std::string_view word) {
  return word.size() > 1 && word.starts_with('-') && !is_digit(word[1]);
}

}  // namespace

std::expected<Arguments, std::string> Arguments::parse(int count, char** values) {
  Arguments arguments;
  const std::map<std::string_view, bool*> flags = {
      {"--json", &arguments.json},      {"--effective", &arguments.effective}, {"--page", &arguments.page},
      {"--man", &arguments.man},        {"--help", &arguments.help},           {"-h", &arguments.help},
      {"--version", &arguments.version}};
  const std::map<std::string_view, std::string*> options = {
      {"-c", &arguments.file},         {"--config", &arguments.file}, {"--admin", &arguments.admin},
      {"--weight", &arguments.weight}, {"--zone", &arguments.zone},   {"--timeout", &arguments.timeout}};
  for (int i = 1; i < count; ++i) {
    const std::string_view word = values[i];
    if (word == "--") {  // what is behind it is no option, whatever it looks like
      arguments.words.insert(arguments.words.end(), values + i + 1, values + count);
      break;
    }
    if (!is_option(word)) {
      arguments.words.emplace_back(word);
      continue;
    }
    const std::size_t equals = word.starts_with("--") ? word.find('=') : word.npos;
    const std::string_view name = word.substr(0, equals);
    arguments.given.emplace_back(name);
    if (const auto flag = flags.find(name); flag != flags.end()) {
      if (equals != word.npos) return std::unexpected(fmt::format("{} takes no value", name));
      *flag->second = true;
    } else if (const auto option = options.find(name); option != options.end()) {
      if (equals == word.npos && ++i == count) return std::unexpected(fmt::format("{} needs a value", name));
      *option->second = equals == word.npos ? std::string_view(values[i]) : word.substr(equals + 1);
      if (option->second->empty()) return std::unexpected(fmt::format("{} needs a value, and got an empty one", name));
    } else {
      std::vector<std::string_view> names;
      for (const auto& [known, unused] : flags) names.push_back(known);
      for (const auto& [known, unused] : options) names.push_back(known);
      const std::string help = control::nearest_name_help(name, names);
      return std::unexpected(fmt::format("unknown option {}{}{}", name, help.empty() ? "" : "; ", help));
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
