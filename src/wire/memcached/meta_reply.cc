// SPDX-License-Identifier: Apache-2.0
#include "wire/memcached/meta_reply.h"

#include <charconv>

namespace tenfold::memcached {
namespace {

std::string_view take_word(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return text = {};
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

std::optional<std::string_view> MetaReply::token(char flag) const {
  std::string_view rest = flags;
  for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest)) {
    if (word.front() == flag) return word.substr(1);
  }
  return std::nullopt;
}

bool MetaReply::has(char flag) const {
  return token(flag).has_value();
}

std::int64_t MetaReply::number(char flag, std::int64_t otherwise) const {
  const std::optional<std::string_view> text = token(flag);
  if (!text) return otherwise;
  std::int64_t parsed_value = otherwise;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), parsed_value);
  return parsed.ec == std::errc() && parsed.ptr == text->data() + text->size() ? parsed_value : otherwise;
}

MetaReply parse_meta_reply(std::string_view reply) {
  const std::size_t end = reply.find("\r\n");
  std::string_view line = reply.substr(0, end);
  MetaReply parsed;
  parsed.code = take_word(line);
  if (parsed.code == "VA") {
    take_word(line);  // the size: the value is what is left
    parsed.value = reply.substr(end + 2, reply.size() - end - 4);
  }
  parsed.flags = line;
  return parsed;
}

}  // namespace tenfold::memcached
