// SPDX-License-Identifier: Apache-2.0
// Paths: normalised once is normalised for good, never longer (but for a path that was missing), and names no file
// outside the folder it is looked up in.
#include "wire/http/target.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "require.h"
#include "wire/http/characters.h"

namespace {

// Whether a path climbs: has a segment "..".
bool climbs(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == "..") return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

// As servers read a path that take an escaped slash for a slash.
std::string with_slashes(std::string_view path) {
  std::string result(path);
  for (std::size_t at = result.find("%2F"); at != result.npos; at = result.find("%2F", at)) result.replace(at, 3, "/");
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenfold::http;
  std::string text = "/";  // a parsed head has let nothing else through
  for (char c : std::span(reinterpret_cast<const char*>(data), size)) {
    if (is_target(c)) text.push_back(c);
  }
  const auto once = normalise_target(text);
  if (!once) return 0;
  require(once->size() <= text.size() && once->starts_with('/'));
  require(normalise_target(*once) == once);
  const std::string_view path = path_of(*once);
  require(!climbs(path) && !climbs(with_slashes(path)));
  const auto file = decode_path(path);
  require(file.has_value() != has_escaped_slash(path));
  if (file) require(!climbs(*file) && !file->contains('\0') && !file->contains('\\'));
  return 0;
}
