// SPDX-License-Identifier: Apache-2.0
#include "site/platform/png.h"

#include <zlib.h>

#include <stdexcept>

namespace site {
namespace {

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::size_t kHeaderEnd = 33;  // signature, and the IHDR chunk of 13 bytes with its frame of 12

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
  return out;
}

std::uint32_t read_big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// Length, type, data, and the checksum of type and data.
std::string chunk(std::string_view type, std::string_view data) {
  std::string checked(type);
  checked += data;
  return big_endian(static_cast<std::uint32_t>(data.size())) + checked + big_endian(checksum(checked));
}

std::string deflate(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  const int result = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_DEFAULT_COMPRESSION);
  if (result != Z_OK) throw std::runtime_error("zlib refused to compress");
  out.resize(size);
  return out;
}

}  // namespace

std::string encode_png(PictureSize size, const std::vector<Pixel>& pixels) {
  if (pixels.size() != std::size_t{size.width} * size.height) throw std::logic_error("png: pixels do not fit the size");
  std::string lines;
  lines.reserve(pixels.size() * 3 + size.height);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (i % size.width == 0) lines += '\0';  // filter type 0: none
    lines += static_cast<char>(pixels[i].red);
    lines += static_cast<char>(pixels[i].green);
    lines += static_cast<char>(pixels[i].blue);
  }
  // 8 bits a sample, colour type 2 (RGB), deflate, adaptive filtering, not interlaced.
  const std::string header = big_endian(size.width) + big_endian(size.height) + std::string("\x08\x02\x00\x00\x00", 5);
  return std::string(kSignature) + chunk("IHDR", header) + chunk("IDAT", deflate(lines)) + chunk("IEND", "");
}

std::optional<PictureSize> png_size(std::string_view file) {
  if (file.size() < kHeaderEnd || !file.starts_with(kSignature)) return std::nullopt;
  if (read_big_endian(file.substr(8)) != 13 || file.substr(12, 4) != "IHDR") return std::nullopt;
  if (read_big_endian(file.substr(29)) != checksum(file.substr(12, 17))) return std::nullopt;
  const PictureSize size{read_big_endian(file.substr(16)), read_big_endian(file.substr(20))};
  if (size.width == 0 || size.height == 0) return std::nullopt;
  return size;
}

}  // namespace site
