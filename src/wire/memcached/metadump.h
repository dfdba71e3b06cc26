// SPDX-License-Identifier: Apache-2.0
// What memcached tells of its items: `lru_crawler metadump` and `stats` (doc/protocol.txt, 1.6.18).
//
//   key=user%3A7 exp=1795537139 la=1795537039 cas=3 fetch=yes cls=1 size=67\n … END\r\n
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenfold::memcached {

/// The key of one line, with its %XX taken back; nullopt when the line is none of a dump.
std::optional<std::string> key_of_metadump(std::string_view line);

/// Appends the beginning of a line: `key=` and the key, all but letters, digits and -._~ as %XX.
void write_metadump_key(std::string_view key, std::string& out);

/// A number of a whole reply to `stats`.
std::optional<std::uint64_t> stat_of(std::string_view reply, std::string_view name);

}  // namespace tenfold::memcached
