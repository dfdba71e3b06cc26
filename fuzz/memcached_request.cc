// SPDX-License-Identifier: Apache-2.0
// Requests of memcached: a line is taken only whole, whatever stands behind it, and means to us what it means to
// memcached, which cuts it into words in its own way: how many bytes of value follow, and whether it will answer.
#include <cstdint>
#include <string>
#include <vector>

#include "require.h"
#include "wire/memcached/request.h"

namespace {

using namespace tenfold::memcached;

// As memcached 1.6.18 tokenizes: at spaces, up to the first NUL.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  for (char c : line.substr(0, line.find('\0'))) {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// What memcached would read of a line that we let through.
void require_same_meaning(const Request& request) {
  std::vector<std::string> words = words_of(request.line);
  if (is_meta(request.verb) && request.verb != Verb::kMetaNoop) {
    const std::size_t first_flag = request.verb == Verb::kMetaSet ? 3 : 2;
    require(words.size() >= first_flag);
    if (request.verb != Verb::kMetaDebug) require(words.size() < 20);  // it drops no value of a longer line
    bool quiet = false;
    for (std::size_t i = first_flag; i < words.size(); ++i) quiet |= words[i].front() == 'q';
    if (request.verb != Verb::kMetaDebug) require(quiet == request.quiet);
    require(words[1] == request.key && words[1].size() <= 250);
    if (request.verb == Verb::kMetaDebug) require(request.base64_key == (words.size() > 2 && words[2] == "b"));
    if (request.verb == Verb::kMetaSet) require(std::stoll(words[2]) == static_cast<long long>(request.value_bytes));
  } else if (is_storage(request.verb)) {
    const std::size_t least = request.verb == Verb::kCas ? 6 : 5;
    require(words.size() == least + (request.noreply ? 1 : 0));
    require(request.noreply == (words.back() == "noreply"));
    require(words[1] == request.key && words[1].size() <= 250);
    require(std::stoull(words[2]) <= UINT32_MAX && std::stoll(words[3]) == request.expiry_seconds);
    require(std::stoll(words[4]) == static_cast<long long>(request.value_bytes));
    if (request.verb == Verb::kCas) static_cast<void>(std::stoull(words[5]));
  } else if (is_retrieval(request.verb)) {
    std::size_t at = request.verb >= Verb::kGat ? 2 : 1;
    std::string_view keys = request.keys;
    for (std::string_view key = next_key(keys); !key.empty(); key = next_key(keys)) require(words[at++] == key);
    require(at == words.size() && request.more_keys == (words.size() > (request.verb >= Verb::kGat ? 3U : 2U)));
  } else if (request.verb == Verb::kStats) {
    std::string_view subject = request.argument;
    require(next_key(subject) == (words.size() > 1 ? words[1] : ""));
  } else if (request.verb == Verb::kFlushAll) {
    if (request.noreply) words.pop_back();
    require(words.size() <= 2 && words.back() != "noreply");
  } else if (!request.key.empty()) {
    require(words[1] == request.key && request.noreply == (words.size() > 2 && words.back() == "noreply"));
  }
}

bool same(const ParseOutcome& a, const ParseOutcome& b) {
  return a.state == b.state && a.reply == b.reply && a.drop_bytes == b.drop_bytes && a.close == b.close;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Request request;
  const ParseOutcome outcome = parse_request(text, request);
  if (outcome.state == ParseState::kNeedMore) return require(text.find('\n') == text.npos), 0;
  if (outcome.close) return 0;
  const std::string line(text.substr(0, request.line_bytes));  // a copy of just its size
  require(line.ends_with('\n'));
  Request again;
  require(same(parse_request(line, again), outcome) && again.verb == request.verb);
  for (std::size_t cut = 0; cut < line.size(); cut += 1 + cut / 16)
    require(parse_request(std::string_view(line).substr(0, cut), again).state == ParseState::kNeedMore);
  if (outcome.state == ParseState::kError) return require(outcome.drop_bytes >= line.size()), 0;
  require_same_meaning(request);
  if (!request.key.empty()) {
    const auto decoded = decode_base64_key(request.key);
    require(!request.base64_key || decoded.has_value());
    if (decoded && !decoded->empty()) {
      const MetaKey named(*decoded);
      require(named.flag.empty() ? named.word == *decoded : decode_base64_key(named.word) == decoded);
    }
  }
  return 0;
}
