// SPDX-License-Identifier: Apache-2.0
// The path of a request, normalised once (RFC 3986 section 6.2.2): escapes of unreserved characters are undone and
// others written in capitals, dot segments are removed, and what servers read differently is refused: backslashes,
// control bytes, and dot segments beside an escaped slash. Escaped slashes alone are for the caller to judge. The same
// bytes are then routed by, sent on, and logged.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace tenfold::http {

/// The target with its path normalised; "?query" gets the path "/", and else it is never longer than it was. REQUIRES:
/// it is of a parsed head, and not "*". The error is static text.
std::expected<std::string, std::string_view> normalise_target(std::string_view target);

/// Why a target may be refused that normalise_target() let through: of has_escaped_slash().
inline constexpr std::string_view kEscapedSlash = "the path holds an escaped slash";

/// Whether a normalised path holds "%2F". Some servers read it as a slash, and others as a part of a name: it is safe
/// where those behind know what they do.
constexpr bool has_escaped_slash(std::string_view path) {
  return path.contains("%2F");
}

/// "/path" of "/path?query".
constexpr std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

/// The path with its escapes undone, for the name of a file. The error is static text.
std::expected<std::string, std::string_view> decode_path(std::string_view path);

}  // namespace tenfold::http
