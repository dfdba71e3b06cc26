// SPDX-License-Identifier: Apache-2.0
// PNG pictures (W3C PNG, third edition): a small encoder for generated ones, and the check that an uploaded file is
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace site {

struct Pixel {
  std::uint8_t red;
  std::uint8_t green;
  std::uint8_t blue;
};

struct PictureSize {
  std::uint32_t width;
  std::uint32_t height;
};

/// An 8-bit RGB PNG. REQUIRES: pixels.size() == width * height, neither 0.
std::string encode_png(PictureSize size, const std::vector<Pixel>& pixels);

/// The size that a file's first 33 bytes state, or nothing if they do not start a PNG, with a correct IHDR.
std::optional<PictureSize> png_size(std::string_view file);

}  // namespace site
