// SPDX-License-Identifier: Apache-2.0
#include "wire/http/media_type.h"

#include <array>

#include "base/bytes.h"

namespace tenfold::http {
namespace {

struct Known {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array kKnown = {
    Known{"html", "text/html; charset=utf-8"},
    Known{"htm", "text/html; charset=utf-8"},
    Known{"css", "text/css; charset=utf-8"},
    Known{"js", "text/javascript; charset=utf-8"},
    Known{"mjs", "text/javascript; charset=utf-8"},
    Known{"json", "application/json"},
    Known{"map", "application/json"},
    Known{"txt", "text/plain; charset=utf-8"},
    Known{"md", "text/markdown; charset=utf-8"},
    Known{"csv", "text/csv; charset=utf-8"},
    Known{"xml", "application/xml"},
    Known{"svg", "image/svg+xml"},
    Known{"png", "image/png"},
    Known{"jpg", "image/jpeg"},
    Known{"jpeg", "image/jpeg"},
    Known{"gif", "image/gif"},
    Known{"webp", "image/webp"},
    Known{"avif", "image/avif"},
    Known{"ico", "image/x-icon"},
    Known{"woff", "font/woff"},
    Known{"woff2", "font/woff2"},
    Known{"ttf", "font/ttf"},
    Known{"pdf", "application/pdf"},
    Known{"wasm", "application/wasm"},
    Known{"zip", "application/zip"},
    Known{"gz", "application/gzip"},
    Known{"mp4", "video/mp4"},
    Known{"webm", "video/webm"},
    Known{"mp3", "audio/mpeg"},
    Known{"ogg", "audio/ogg"},
};

}  // namespace

std::string_view media_type_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  const std::string_view extension = dot == file_name.npos ? std::string_view() : file_name.substr(dot + 1);
  for (const Known& known : kKnown) {
    if (equals_ignore_case(known.extension, extension)) return known.type;
  }
  return "application/octet-stream";
}

}  // namespace tenfold::http
