// SPDX-License-Identifier: Apache-2.0
#include "site/options.h"

#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>

#include "site/platform/http.h"

namespace site {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::int64_t number(const std::string& text, std::int64_t least, std::int64_t most) {
  Fields fields;
  fields.set("number", text);
  const auto value = fields.number("number", least, most);
  if (!value) {
    throw std::invalid_argument("'" + text + "' is not a number from " + std::to_string(least) + " to " +
                                std::to_string(most));
  }
  return *value;
}

std::pair<std::string, int> host_and_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument("'" + text + "' is not HOST:PORT");
  return {text.substr(0, colon), static_cast<int>(number(text.substr(colon + 1), 0, 65535))};
}

DatabaseAddress database(const std::string& text) {
  const std::vector<std::string> parts = split(text, ',');
  if (parts.size() != 4) throw std::invalid_argument("'" + text + "' is not ADDRESS,USER,PASSWORD_ENV,DATABASE");
  DatabaseAddress address;
  if (parts[0].starts_with("unix:")) {
    address.socket = parts[0].substr(5);
  } else {
    const auto [host, port] = host_and_port(parts[0]);
    address.host = host;
    address.port = static_cast<unsigned>(port);
  }
  address.user = parts[1];
  if (!parts[2].empty()) {
    const char* password = std::getenv(parts[2].c_str());
    if (password == nullptr) throw std::invalid_argument("the environment has no " + parts[2]);
    address.password = password;
  }
  address.database = parts[3];
  return address;
}

std::set<std::string> modules(const std::string& text) {
  std::set<std::string> out;
  for (const std::string& name : split(text, ',')) {
    if (!Options().has(name)) throw std::invalid_argument("no module '" + name + "'; there are shop, forum, seller");
    out.insert(name);
  }
  return out;
}

}  // namespace

const std::string_view kUsage =
    "usage: site [--listen HOST:PORT] [--modules shop,forum,seller] --db ADDRESS,USER,PASSWORD_ENV,DATABASE\n"
    "            [--memcached HOST:PORT[,HOST:PORT...]] [--pictures DIR] [--static DIR] [--name NODE]\n"
    "            [--threads N] [--connections N]\n"
    "       site --migrate --db ...                      creates the tables that are missing\n"
    "       site --seed PRODUCTS --pictures DIR --db ... fills an empty database\n"
    "ADDRESS is HOST:PORT or unix:PATH; PASSWORD_ENV names the environment variable of the password, or is empty.\n"
    "Port 0 takes any free port. --static DIR serves the files of DIR at /static/.\n";

Options parse_options(const std::vector<std::string>& arguments) {
  Options options;
  bool has_database = false;
  const std::map<std::string, std::function<void(const std::string&)>> settings{
      {"--listen", [&](const std::string& text) { std::tie(options.host, options.port) = host_and_port(text); }},
      {"--modules", [&](const std::string& text) { options.modules = modules(text); }},
      {"--db",
       [&](const std::string& text) {
         options.database = database(text);
         has_database = true;
       }},
      {"--memcached", [&](const std::string& text) { options.memcached = text; }},
      {"--pictures", [&](const std::string& text) { options.pictures = text; }},
      {"--static", [&](const std::string& text) { options.files = text; }},
      {"--name", [&](const std::string& text) { options.node = text; }},
      {"--threads",
       [&](const std::string& text) { options.threads = static_cast<std::size_t>(number(text, 1, 4096)); }},
      {"--connections",
       [&](const std::string& text) { options.connections = static_cast<std::size_t>(number(text, 1, 1024)); }},
      {"--seed", [&](const std::string& text) { options.seed = number(text, 1, 1000000); }},
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--migrate") {
      options.migrate = true;
      continue;
    }
    const auto setting = settings.find(name);
    if (setting == settings.end()) throw std::invalid_argument("no option '" + name + "'");
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    setting->second(arguments[++i]);
  }
  if (!has_database) throw std::invalid_argument("--db is missing");
  if (options.seed > 0 && options.pictures.empty()) throw std::invalid_argument("--seed needs --pictures DIR");
  return options;
}

}  // namespace site
