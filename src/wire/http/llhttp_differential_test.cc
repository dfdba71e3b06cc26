// SPDX-License-Identifier: Apache-2.0
// Damages well-formed messages in every way, and asks llhttp about all that our parser still admits.
#include <gtest/gtest.h>

#include <memory>

#include "base/prng.h"
#include "wire/http/llhttp_difference.h"

namespace tenfold::http {
namespace {

constexpr int kMessages = 200'000;
constexpr int kAdmittedAtLeast = kMessages / 10;  // fewer would mean that hardly anything is compared

constexpr std::string_view kHost = "Host: example.com\r\n";
constexpr std::string_view kFields[] = {kHost,
                                        "Content-Length: 5\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Connection: close\r\n",
                                        "X-A: b\r\n",
                                        "X-Empty:\r\n",
                                        "Cookie: a=b; c=\"d\"\r\n",
                                        "Accept: */*, text/html;q=0.5\r\n",
                                        "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n",
                                        "X-Long: abcdefghijklmnopqrstuvwxyz0123456789\r\n",
                                        "X-High: \xc3\xa9\r\n",
                                        "Expect: 100-continue\r\n"};
constexpr std::string_view kRequestLines[] = {
    "GET / HTTP/1.1\r\n",          "POST /a/b?c=d&e HTTP/1.1\r\n", "PUT /%7e HTTP/1.0\r\n",
    "OPTIONS * HTTP/1.1\r\n",      "DELETE /x;y=z HTTP/1.1\r\n",   "HEAD /a|b HTTP/1.1\r\n",
    "GET http://h/p HTTP/1.1\r\n", "PATCH /~ HTTP/1.1\r\n",        "PROPFIND / HTTP/1.1\r\n",
    "GET http://h HTTP/1.1\r\n",   "GET http://h?q HTTP/1.1\r\n",  "OPTIONS http://h HTTP/1.1\r\n"};
constexpr std::string_view kStatusLines[] = {
    "HTTP/1.1 200 OK\r\n",           "HTTP/1.1 200\r\n",       "HTTP/1.0 200 OK\r\n",    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n", "HTTP/1.1 404 N\xc3\r\n", "HTTP/1.1 103 Early\r\n", "HTTP/1.1 599 \r\n"};
constexpr std::string_view kChunks[] = {"5\r\nhello\r\n", "0a\r\n0123456789\r\n", "1;name=value\r\nx\r\n",
                                        "2;a=\"b c\";d\r\n\r\n\r\n", "00001\r\ny\r\n"};
constexpr std::string_view kTrailers[] = {"\r\n", "X-Sum: 1\r\n\r\n", "X-Sum: 1\r\nX-Time:\t2 \r\n\r\n"};
constexpr std::string_view kBytes = "\r\n\t :;,\0\x01\x7f\x80\xff\"_+-0x9aZ%#/\\=";

template <std::size_t kCount>
std::string_view one_of(const std::string_view (&choices)[kCount], Prng& prng) {
  return choices[prng.below(kCount)];
}

// Up to two bytes replaced, put in, taken out, or a piece of the text repeated elsewhere.
void damage(std::string& text, Prng& prng) {
  for (std::uint64_t i = prng.below(3); i > 0; --i) {
    const std::size_t at = prng.below(text.size());
    const char byte = kBytes[prng.below(kBytes.size())];
    switch (prng.below(4)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, 1 + prng.below(3));
        break;
      default:
        text.insert(at, text.substr(prng.below(text.size()), prng.below(20)));
        break;
    }
  }
}

std::string random_request(Prng& prng) {
  std::string text(one_of(kRequestLines, prng));
  if (prng.chance(0.9)) text += kHost;
  for (std::uint64_t i = prng.below(5); i > 0; --i) text += one_of(kFields, prng);
  text += "\r\nhello";
  damage(text, prng);
  return text;
}

std::string random_response(Prng& prng) {
  std::string text(one_of(kStatusLines, prng));
  for (std::uint64_t i = prng.below(4); i > 0; --i) text += one_of(kFields, prng);
  text += "\r\nhello";
  damage(text, prng);
  return text;
}

std::string random_chunks(Prng& prng) {
  std::string text;
  for (std::uint64_t i = prng.below(3); i > 0; --i) text += one_of(kChunks, prng);
  text += kLastChunkLine;
  text += one_of(kTrailers, prng);
  text += "GET /next HTTP/1.1\r\n";
  damage(text, prng);
  return text;
}

std::string printable(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c >= 0x20 && c < 0x7f ? std::string(1, c) : "<" + std::to_string(static_cast<unsigned char>(c)) + ">";
  return result;
}

TEST(LlhttpDifferential, ReadsTheRequestsThatWeAdmitInTheSameWay) {
  Prng prng(20261124);
  const auto head = std::make_unique<RequestHead>();
  int admitted = 0;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = random_request(prng);
    const ParseOutcome outcome = parse_request_head(text, *head);
    if (outcome.state != ParseState::kComplete) continue;
    ++admitted;
    const std::string_view whole = std::string_view(text).substr(0, outcome.head_bytes);
    ASSERT_EQ(difference_in_request(whole, *head), "") << printable(text);
  }
  EXPECT_GT(admitted, kAdmittedAtLeast);
}

TEST(LlhttpDifferential, ReadsTheResponsesThatWeAdmitInTheSameWay) {
  Prng prng(20261125);
  const auto head = std::make_unique<ResponseHead>();
  int admitted = 0;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = random_response(prng);
    const ParseOutcome outcome = parse_response_head(text, Method::kGet, *head);
    if (outcome.state != ParseState::kComplete) continue;
    ++admitted;
    const std::string_view whole = std::string_view(text).substr(0, outcome.head_bytes);
    ASSERT_EQ(difference_in_response(whole, *head), "") << printable(text);
  }
  EXPECT_GT(admitted, kAdmittedAtLeast);
}

TEST(LlhttpDifferential, ReadsTheChunksThatWeAdmitInTheSameWay) {
  Prng prng(20261126);
  int admitted = 0;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = random_chunks(prng);
    ChunkedDecoder decoder(Sender::kClient);
    std::string content;
    std::size_t at = 0;
    ChunkedDecoder::State state = ChunkedDecoder::State::kNeedMore;
    do {
      const ChunkedDecoder::Step step = decoder.step(std::string_view(text).substr(at));
      state = step.state;
      at += step.consumed;
      content += step.data;
    } while (state == ChunkedDecoder::State::kData);
    if (state != ChunkedDecoder::State::kEnd) continue;
    ++admitted;
    ASSERT_EQ(difference_in_chunks(text, at, content, decoder.trailers()), "") << printable(text);
  }
  EXPECT_GT(admitted, kAdmittedAtLeast);
}

}  // namespace
}  // namespace tenfold::http
