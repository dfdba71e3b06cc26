// SPDX-License-Identifier: Apache-2.0
#include "wire/http/target.h"

#include "wire/http/characters.h"

namespace tenfold::http {
namespace {

constexpr std::string_view kMalformedEscape = "an escape in the target is malformed";
constexpr std::string_view kAmbiguous = "the path holds a backslash, or an escaped backslash or control byte";
constexpr std::string_view kAmbiguousDots = "the path holds a dot segment beside an escaped slash";

// The byte that "%xy" at `at` stands for, or -1.
int escaped_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return -1;
  return static_cast<int>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
}

// Of a hex digit.
char upper(char digit) {
  return digit >= 'a' ? static_cast<char>(digit - ('a' - 'A')) : digit;
}

bool is_ambiguous(int byte) {
  return byte < 0x20 || byte == 0x7f || byte == '\\';
}

std::expected<std::string, std::string_view> normalise_escapes(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') return std::unexpected(kAmbiguous);
    if (path[i] != '%') {
      result.push_back(path[i]);
      continue;
    }
    const int byte = escaped_byte(path, i);
    if (byte < 0) return std::unexpected(kMalformedEscape);
    if (is_ambiguous(byte)) return std::unexpected(kAmbiguous);
    if (is_unreserved(static_cast<char>(byte))) {
      result.push_back(static_cast<char>(byte));
    } else {
      result.append({'%', upper(path[i + 1]), upper(path[i + 2])});
    }
    i += 2;
  }
  return result;
}

// RFC 3986 section 5.2.4, on a path that begins with '/'.
std::string remove_dot_segments(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t next = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at, next - at);  // with its slash in front
    const bool last = next == path.size();
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") result.resize(result.empty() ? 0 : result.rfind('/'));
      if (last) result.push_back('/');
    } else {
      result.append(segment);
    }
    at = next;
  }
  return result;
}

// Whoever reads "%2F" as a slash would see a dot segment in "..%2F", which was not removed. REQUIRES: escapes are
// normalised.
bool has_dots_beside_escaped_slash(std::string_view path) {
  bool escaped_before = false;
  while (!path.empty()) {
    const std::size_t escaped = path.find("%2F");
    const std::size_t end = std::min(path.find('/'), escaped);
    const std::string_view segment = path.substr(0, end);
    const bool escaped_behind = end == escaped && escaped != path.npos;
    if ((escaped_before || escaped_behind) && (segment == "." || segment == "..")) return true;
    if (end == path.npos) return false;
    path.remove_prefix(end + (escaped_behind ? 3 : 1));
    escaped_before = escaped_behind;
  }
  return false;
}

}  // namespace

std::expected<std::string, std::string_view> normalise_target(std::string_view target) {
  const std::string_view path = path_of(target);
  auto unescaped = normalise_escapes(path);
  if (!unescaped) return unescaped;
  if (has_dots_beside_escaped_slash(*unescaped)) return std::unexpected(kAmbiguousDots);
  std::string result = path.empty() ? "/" : remove_dot_segments(*unescaped);
  result.append(target.substr(path.size()));
  return result;
}

std::expected<std::string, std::string_view> decode_path(std::string_view path) {
  std::string result;
  result.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      result.push_back(path[i]);
      continue;
    }
    const int byte = escaped_byte(path, i);
    if (byte < 0) return std::unexpected(kMalformedEscape);
    if (is_ambiguous(byte)) return std::unexpected(kAmbiguous);
    if (byte == '/') return std::unexpected(kEscapedSlash);
    result.push_back(static_cast<char>(byte));
    i += 2;
  }
  return result;
}

}  // namespace tenfold::http
