// SPDX-License-Identifier: Apache-2.0
// Whatever our parser admits, llhttp reads in the same way (invariant W2: the node parses exactly what was admitted).
#include <gtest/gtest.h>

#include <memory>

#include "base/prng.h"
#include "wire/http/llhttp_oracle.h"
#include "wire/http/parse_head.h"

namespace tenfold::http {
namespace {

constexpr std::string_view kLines[] = {"Host: example.com\r\n",
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
constexpr std::string_view kFirst[] = {"GET / HTTP/1.1\r\n",          "POST /a/b?c=d&e HTTP/1.1\r\n",
                                       "PUT /%7e HTTP/1.0\r\n",       "OPTIONS * HTTP/1.1\r\n",
                                       "DELETE /x;y=z HTTP/1.1\r\n",  "HEAD /a|b HTTP/1.1\r\n",
                                       "GET http://h/p HTTP/1.1\r\n", "PATCH /~ HTTP/1.1\r\n"};
constexpr std::string_view kBytes = "\r\n\t :;,\0\x01\x7f\x80\xff\"_+-0x9aZ%#/\\";

template <std::size_t kCount>
std::string_view one_of(const std::string_view (&choices)[kCount], Prng& prng) {
  return choices[prng.below(kCount)];
}

std::string random_request(Prng& prng) {
  std::string text(one_of(kFirst, prng));
  if (prng.chance(0.9)) text += kLines[0];
  for (std::uint64_t i = prng.below(5); i > 0; --i) text += one_of(kLines, prng);
  text += "\r\nhello";
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
  return text;
}

std::string printable(std::string_view text) {
  std::string result;
  for (char c : text)
    result += c >= 0x20 && c < 0x7f ? std::string(1, c) : "<" + std::to_string(static_cast<unsigned char>(c)) + ">";
  return result;
}

TEST(LlhttpDifferential, ReadsWhatWeAdmitInTheSameWay) {
  Prng prng(20261124);
  const auto head = std::make_unique<RequestHead>();
  int admitted = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string text = random_request(prng);
    const ParseOutcome outcome = parse_request_head(text, *head);
    // llhttp knows a list of methods; a token that is not on it says nothing of framing.
    if (outcome.state != ParseState::kComplete || head->method == Method::kOther) continue;
    ++admitted;
    const std::string difference = difference_from_llhttp(std::string_view(text).substr(0, outcome.head_bytes), *head);
    ASSERT_EQ(difference, "") << printable(text);
  }
  EXPECT_GT(admitted, 20'000);
}

}  // namespace
}  // namespace tenfold::http
