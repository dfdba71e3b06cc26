// SPDX-License-Identifier: Apache-2.0
#include "site/seed/words.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace site {
namespace {

struct Category {
  std::string_view name;
  std::array<std::string_view, 6> things;
  std::int64_t least_cents;
  std::int64_t most_cents;
};

constexpr std::array kCategories{
    Category{"Kitchen", {"teapot", "bread board", "pepper mill", "enamel mug", "whisk", "salad bowl"}, 600, 9000},
    Category{"Garden", {"watering can", "trowel", "bird house", "seed box", "lantern", "pruning knife"}, 500, 12000},
    Category{"Paper", {"notebook", "wall calendar", "letter set", "sketch pad", "map", "bookmark"}, 200, 3500},
    Category{"Wool", {"scarf", "blanket", "pair of socks", "hat", "cushion", "pair of mittens"}, 900, 15000},
    Category{"Workshop", {"hand plane", "clamp", "folding rule", "awl", "mallet", "tool roll"}, 800, 18000},
    Category{"Toys", {"spinning top", "puzzle", "kite", "wooden train", "card game", "marble run"}, 300, 8000},
    Category{"Tea", {"black tea", "green tea", "herb tea", "tea caddy", "tea strainer", "tasting set"}, 350, 6000},
    Category{"Light", {"desk lamp", "candle", "string of lights", "paper shade", "night light", "torch"}, 400, 14000},
};
constexpr std::array<std::string_view, 16> kQualities{"Small",  "Large",   "Blue",    "Oak",     "Copper", "Striped",
                                                      "Quiet",  "Round",   "Folding", "Plain",   "Heavy",  "Evening",
                                                      "Winter", "Harbour", "Linen",   "Old-town"};
constexpr std::array<std::string_view, 12> kMakers{"Aldous",    "Birch & Son", "Corner Works", "Dunmore",
                                                   "Elm Lane",  "Fairweather", "Gull",         "Hollis",
                                                   "Ivy House", "Juniper",     "Kestrel",      "Lark"};
constexpr std::array<std::string_view, 10> kSentences{"Made by hand in a small workshop near the river.",
                                                      "It does one thing and does it well.",
                                                      "Each piece is a little different from the next.",
                                                      "A good present for someone who has everything.",
                                                      "Comes in a box of recycled card.",
                                                      "Lasts for years if you keep it dry.",
                                                      "We use ours every day.",
                                                      "The second edition, with a better handle.",
                                                      "Easy to clean and easy to mend.",
                                                      "Spare parts can be ordered from us."};
constexpr std::array<std::string_view, 8> kTitles{"How do you look after your {}?",
                                                  "Which {} would you buy again?",
                                                  "My {} arrived today",
                                                  "Looking for a {} like my grandmother's",
                                                  "Is a {} worth the money?",
                                                  "Tips for mending a {}",
                                                  "Show us your {}",
                                                  "{}: what to look for"};
constexpr std::array<std::string_view, 8> kOpinions{"I have had mine for three years and it is still like new.",
                                                    "Mine broke in the first winter, but it was mended for free.",
                                                    "Have you tried a little oil? It works for me.",
                                                    "The old ones were heavier, and I miss that.",
                                                    "Thank you, that helps a lot!",
                                                    "I would wait for the spring sale.",
                                                    "My neighbour swears by the large one.",
                                                    "Post a picture when it is done, please."};

template <std::size_t size>
std::string_view one_of(const std::array<std::string_view, size>& words, tenfold::Prng& prng) {
  return words[prng.below(size)];
}

/// A price that ends in 0, 5 or 9 tenths, as prices do.
std::int64_t price(const Category& category, tenfold::Prng& prng) {
  const auto range = static_cast<std::uint64_t>(category.most_cents - category.least_cents);
  return (category.least_cents + static_cast<std::int64_t>(prng.below(range))) / 50 * 50 + (prng.chance(0.5) ? 49 : 0);
}

template <std::size_t size>
std::string sentences(const std::array<std::string_view, size>& from, std::uint64_t count, tenfold::Prng& prng) {
  std::string out;
  const std::uint64_t first = prng.below(size);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) out += ' ';
    out += from[(first + i * 3) % size];
  }
  return out;
}

}  // namespace

ProductText product_text(tenfold::Prng& prng) {
  const Category& category = kCategories[prng.below(kCategories.size())];
  const std::string_view thing = one_of(category.things, prng);
  const std::string_view quality = one_of(kQualities, prng);
  const std::string_view maker = one_of(kMakers, prng);
  return {.category = std::string(category.name),
          .name = fmt::format("{} {} by {}", quality, thing, maker),
          .description = sentences(kSentences, 3 + prng.below(3), prng),
          .price_cents = price(category, prng)};
}

std::string thread_title(tenfold::Prng& prng) {
  const Category& category = kCategories[prng.below(kCategories.size())];
  std::string title = fmt::format(fmt::runtime(one_of(kTitles, prng)), one_of(category.things, prng));
  if (title[0] >= 'a' && title[0] <= 'z') title[0] = static_cast<char>(title[0] - 'a' + 'A');
  return title;
}

std::string post_text(tenfold::Prng& prng) {
  return sentences(kOpinions, 1 + prng.below(3), prng);
}

}  // namespace site
