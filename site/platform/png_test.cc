// SPDX-License-Identifier: Apache-2.0
#include "site/platform/png.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "site/seed/pattern.h"

namespace site {
namespace {

std::uint32_t number_at(std::string_view file, std::size_t at) {
  std::uint32_t value = 0;
  for (const char c : file.substr(at, 4)) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// The unpacked lines of a PNG, after checking each chunk's frame.
std::string lines_of(std::string_view file, std::size_t expected_size) {
  std::string packed;
  std::string last;
  for (std::size_t at = 8; at < file.size();) {
    const std::uint32_t size = number_at(file, at);
    last = file.substr(at + 4, 4);
    EXPECT_EQ(number_at(file, at + 8 + size), checksum(file.substr(at + 4, size + 4)));
    if (last == "IDAT") packed += file.substr(at + 8, size);
    at += size + 12;
  }
  EXPECT_EQ(last, "IEND");
  std::string lines(expected_size, '\0');
  uLongf size = lines.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(lines.data()), &size, reinterpret_cast<const Bytef*>(packed.data()),
                       packed.size()),
            Z_OK);
  EXPECT_EQ(size, expected_size);
  return lines;
}

TEST(Png, HoldsThePixelsThatWentIn) {
  const std::string file = encode_png({2, 2}, {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {250, 251, 252}});
  EXPECT_TRUE(file.starts_with("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(lines_of(file, 14), std::string("\0\1\2\3\4\5\6\0\7\x08\x09\xfa\xfb\xfc", 14));
}

TEST(Png, SizeIsReadFromTheHeadAlone) {
  const std::string file = encode_png({3, 1}, {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}});
  const auto size = png_size(std::string_view(file).substr(0, 33));
  ASSERT_TRUE(size.has_value());
  EXPECT_EQ(size->width, 3U);
  EXPECT_EQ(size->height, 1U);
}

TEST(Png, WhatIsNoPngIsRefused) {
  std::string file = encode_png({1, 1}, {{0, 0, 0}});
  EXPECT_FALSE(png_size(std::string_view(file).substr(0, 32)).has_value());
  EXPECT_FALSE(png_size("GIF89a, and some more bytes to be long enough").has_value());
  file[19] = 2;  // another width than the checksum is of
  EXPECT_FALSE(png_size(file).has_value());
}

TEST(Pattern, IsSmallDeterministicAndVaried) {
  tenfold::Prng first(1);
  tenfold::Prng again(1);
  tenfold::Prng other(2);
  const std::string file = pattern_png(first);
  EXPECT_EQ(file, pattern_png(again));
  EXPECT_NE(file, pattern_png(other));
  EXPECT_GT(file.size(), 1000U);
  EXPECT_LT(file.size(), 20000U);
  lines_of(file, (480 * 3 + 1) * 360);
}

}  // namespace
}  // namespace site
