// SPDX-License-Identifier: Apache-2.0
// The rows of the table of keys (control/keys.h), by the section that they stand in, and the shapes that most have.
#pragma once

#include <fmt/format.h>

#include <string>
#include <type_traits>
#include <vector>

#include "base/time.h"
#include "control/keys.h"
#include "control/units.h"

namespace tenfold::control {

std::vector<Key> process_keys();  // run and admin
std::vector<Key> web_keys();
std::vector<Key> cache_keys();
std::vector<Key> health_and_node_keys();  // of every tier

namespace shown {

inline std::string boolean(bool value) {
  return value ? "true" : "false";
}
inline std::string duration(Duration value) {
  return quoted(to_text(value));
}
inline std::string number(std::uint64_t value) {
  return fmt::format("{}", value);
}
inline std::string size(std::uint64_t value) {
  return quoted(size_text(value));
}
inline std::string secret(const std::string& value) {
  return quoted(value.empty() ? "" : "(secret)");
}
std::string addresses(const std::vector<Address>& addresses);
std::string texts(const std::vector<std::string>& texts);

}  // namespace shown

std::string set_path(std::string& path, const std::string& text);

}  // namespace tenfold::control

// The shapes that most keys have: how a value goes in, and how it is shown.
#define TENFOLD_KEY(MEMBER, FIELD, SHOW)                                          \
  .set = [](const Draft& d, const KeyValue& v) -> std::string {                   \
    d.MEMBER = static_cast<std::remove_reference_t<decltype(d.MEMBER)>>(v.FIELD); \
    return {};                                                                    \
  },                                                                              \
  .show = [](const Draft& d) -> std::string { return SHOW(d.MEMBER); }

// A key whose value is checked by a function of its own.
#define TENFOLD_CHECKED_KEY(MEMBER, FIELD, SETTER, SHOW)                                             \
  .set = [](const Draft& d, const KeyValue& v) -> std::string { return SETTER(d.MEMBER, v.FIELD); }, \
  .show = [](const Draft& d) -> std::string { return SHOW(d.MEMBER); }
