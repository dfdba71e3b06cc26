// SPDX-License-Identifier: Apache-2.0
// Judges one value of the topology file against its key: type, range, choices, units. Knows nothing of TOML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/diagnostic.h"
#include "control/keys.h"

namespace tenfold::control {

/// A value as the file has it.
struct RawValue {
  enum class Kind : std::uint8_t { kText, kInteger, kBoolean, kList, kTable, kOther };
  Kind kind = Kind::kOther;
  Location at;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<RawValue> list;  // of a table too
  std::string name;            // of an entry of a table
};

/// Sets the key in the draft, or says what is wrong.
void read_key(const Key& key, const RawValue& raw, const Draft& draft, Diagnostics& diagnostics);

void check_service_name(std::string_view name, Location at, Diagnostics& diagnostics);

}  // namespace tenfold::control
