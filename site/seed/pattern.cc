// SPDX-License-Identifier: Apache-2.0
#include "site/seed/pattern.h"

#include <algorithm>
#include <array>

#include "site/platform/png.h"

namespace site {
namespace {

constexpr PictureSize kSize{480, 360};

struct Shape {
  bool is_round;
  int x;
  int y;
  int half_width;
  int half_height;
  Pixel colour;
};

/// A colour of the given hue in [0, 6), between white and full by `strength` in [0, 1].
Pixel colour_of(double hue, double strength, double brightness) {
  const auto channel = [&](double offset) {
    const double place = hue + offset;
    const double turn = place >= 6 ? place - 6 : place;
    const double full = std::clamp(std::min(turn, 4 - turn), 0.0, 1.0);
    return static_cast<std::uint8_t>(255 * brightness * (1 - strength * full));
  };
  return {channel(5), channel(3), channel(1)};
}

Shape random_shape(double hue, tenfold::Prng& prng) {
  const auto within = [&](int least, int most) {
    return least + static_cast<int>(prng.below(static_cast<std::uint64_t>(most - least)));
  };
  return {.is_round = prng.chance(0.5),
          .x = within(80, 400),
          .y = within(60, 300),
          .half_width = within(20, 110),
          .half_height = within(20, 110),
          .colour = colour_of(hue, 0.35 + prng.unit() * 0.4, 0.55 + prng.unit() * 0.4)};
}

bool covers(const Shape& shape, int x, int y) {
  const double dx = static_cast<double>(x - shape.x) / shape.half_width;
  const double dy = static_cast<double>(y - shape.y) / shape.half_height;
  return shape.is_round ? dx * dx + dy * dy <= 1 : std::abs(dx) <= 1 && std::abs(dy) <= 1;
}

}  // namespace

std::string pattern_png(tenfold::Prng& prng) {
  const double hue = prng.unit() * 6;
  const Pixel ground = colour_of(hue, 0.12, 0.97);
  std::array<Shape, 6> shapes{};
  for (Shape& shape : shapes) shape = random_shape(prng.chance(0.7) ? hue : prng.unit() * 6, prng);
  std::vector<Pixel> pixels;
  pixels.reserve(std::size_t{kSize.width} * kSize.height);
  for (int y = 0; y < static_cast<int>(kSize.height); ++y) {
    for (int x = 0; x < static_cast<int>(kSize.width); ++x) {
      Pixel pixel = ground;
      for (const Shape& shape : shapes) {
        if (covers(shape, x, y)) pixel = shape.colour;
      }
      pixels.push_back(pixel);
    }
  }
  return encode_png(kSize, pixels);
}

}  // namespace site
