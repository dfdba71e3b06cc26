// SPDX-License-Identifier: Apache-2.0
// However the bytes of a head are split, and whatever follows them, a head is read once, whole and the same.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "wire/http/parse_head.h"

namespace tenfold::http {
namespace {

constexpr std::string_view kRequests[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.0\r\n\r\n",
    "POST /p?q HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 12\r\nX-Empty:\r\nX-Spaces: \t a \t\r\n\r\n",
    "PUT http://a.example/p HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close, X\r\nUpgrade: websocket\r\nX: \xff\r\n\r\n",
    "BREW /pot HTTP/1.1\r\nhost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"};
constexpr std::string_view kResponses[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 404\r\n\r\n",
    "HTTP/1.0 200 \r\nX_Y: an underscore is a node's own affair\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 200 Caf\xc3\xa9\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"};
constexpr std::string_view kTrailerSections[] = {"\r\n", "X-Sum: 1\r\n\r\n", "A: b\r\nC:\r\n\r\n"};
constexpr std::string_view kFollowing[] = {"", "G", "\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n"};

// `parse` is given text and returns its outcome.
template <typename Parse>
void expect_whole_only(std::string_view head, Parse parse) {
  for (std::size_t size = 0; size < head.size(); ++size) {
    const std::string prefix(head.substr(0, size));  // on the heap, where ASan sees a byte too many being read
    ASSERT_EQ(parse(prefix).state, ParseState::kNeedMore) << head << " at " << size;
  }
  for (std::string_view following : kFollowing) {
    const std::string text = std::string(head).append(following);
    const ParseOutcome outcome = parse(text);
    ASSERT_EQ(outcome.state, ParseState::kComplete) << head << outcome.reason;
    EXPECT_EQ(outcome.head_bytes, head.size()) << head;
  }
}

TEST(ParseRequestHead, EverySplit) {
  const auto head = std::make_unique<RequestHead>();
  for (std::string_view text : kRequests)
    expect_whole_only(text, [&head](std::string_view bytes) { return parse_request_head(bytes, *head); });
}

TEST(ParseResponseHead, EverySplit) {
  const auto head = std::make_unique<ResponseHead>();
  for (std::string_view text : kResponses)
    expect_whole_only(text,
                      [&head](std::string_view bytes) { return parse_response_head(bytes, Method::kGet, *head); });
}

TEST(ParseTrailers, EverySplit) {
  FieldList fields;
  for (std::string_view text : kTrailerSections)
    expect_whole_only(text,
                      [&fields](std::string_view bytes) { return parse_trailers(bytes, Sender::kClient, fields); });
}

// A head that is not looked at when its last piece comes would be waited for until its deadline.
TEST(MayBeWholeHead, NeverOverlooksTheLastPiece) {
  for (std::string_view text : kRequests) {
    for (std::size_t seen = 0; seen < text.size(); ++seen) EXPECT_TRUE(may_be_whole_head(text, seen)) << text << seen;
    for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(may_be_whole_head(text.substr(0, size), 0));
  }
  EXPECT_TRUE(may_be_whole_head(std::string(limits::kHttpHeadBytesMost, 'a'), 0));
}

TEST(ParseTrailers, RefusesWhatFramesOrRoutes) {
  FieldList fields;
  for (const char* bad :
       {"Content-Length: 1\r\n\r\n", "transfer-encoding: chunked\r\n\r\n", "Host: a\r\n\r\n", "Trailer: X\r\n\r\n",
        "Connection: close\r\n\r\n", "TE: trailers\r\n\r\n", "Upgrade: h2c\r\n\r\n", "Expect: 100-continue\r\n\r\n",
        "Authorization: Basic eA==\r\n\r\n", "Cookie: a=b\r\n\r\n", "Range: bytes=0-1\r\n\r\n", "X_Y: 1\r\n\r\n",
        "X : 1\r\n\r\n", "X: 1\r\n 2\r\n\r\n", "X: 1\n\n", "X\r\n\r\n"}) {
    EXPECT_EQ(parse_trailers(bad, Sender::kClient, fields).state, ParseState::kError) << bad;
  }
}

}  // namespace
}  // namespace tenfold::http
