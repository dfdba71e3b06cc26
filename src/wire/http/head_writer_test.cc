// SPDX-License-Identifier: Apache-2.0
// What is written is read back as it was: heads made at random, as large as they may be, and of every kind of body.
#include "wire/http/head_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <memory>
#include <string>
#include <vector>

#include "wire/http/parse_head.h"

namespace tenfold::http {
namespace {

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^`|~";
constexpr std::string_view kTargetCharacters = "abcXYZ0189-._~!$&'()*+,;=:@/?%[]{}|^\"<>`\\";

using Room = std::array<char, limits::kHttpHeadBytesMost>;
using Fields = std::vector<std::pair<std::string, std::string>>;

rc::Gen<std::string> text_of(std::string_view characters) {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string(characters)));
}

// Any bytes of a field's value, without white space at its ends.
rc::Gen<std::string> field_value() {
  return rc::gen::map(rc::gen::container<std::string>(rc::gen::suchThat<char>([](char c) {
                        const auto byte = static_cast<unsigned char>(c);
                        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
                      })),
                      [](const std::string& text) { return std::string(trim(text)); });
}

// The names are none that frame a message or route it.
rc::Gen<Fields> fields() {
  const auto name = rc::gen::map(text_of(kNameCharacters), [](const std::string& text) { return "z-" + text; });
  return rc::gen::suchThat(rc::gen::container<Fields>(rc::gen::pair(name, field_value())),
                           [](const Fields& made) { return made.size() + 3 < limits::kHttpFieldsMost; });
}

void write_framing(Body body, std::uint64_t length, HeadWriter& writer) {
  if (body == Body::kLength) writer.field("Content-Length", length);
  if (body == Body::kChunked) writer.field("Transfer-Encoding", "chunked");
}

void expect_fields(const Fields& written, const MessageHead& head) {
  RC_ASSERT(head.fields.all().size() >= written.size());
  for (std::size_t i = 0; i < written.size(); ++i) {
    RC_ASSERT(head.fields.all()[i].name == written[i].first);
    RC_ASSERT(head.fields.all()[i].value == written[i].second);
  }
}

template <typename Property>
void expect_always(Property property) {
  EXPECT_TRUE(rc::check(property));
}

TEST(HeadWriter, RequestsReadBackAsTheyWere) {
  const auto room = std::make_unique<Room>();
  const auto head = std::make_unique<RequestHead>();
  expect_always([&] {
    const std::string method = *rc::gen::element<std::string>("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "BREW");
    const std::string target = "/" + *text_of(kTargetCharacters);
    const Fields made = *fields();
    const Body body = *rc::gen::element(Body::kNone, Body::kLength, Body::kChunked);
    const auto length = *rc::gen::inRange<std::uint64_t>(0, INT64_MAX);
    HeadWriter writer(*room);
    writer.request_line(method, target);
    for (const auto& [name, value] : made) writer.field(name, value);
    writer.field("Host", "a.example:80");
    write_framing(body, length, writer);
    writer.end();
    RC_ASSERT(writer.ok());
    const ParseOutcome outcome = parse_request_head(writer.written(), *head);
    RC_ASSERT(outcome.state == ParseState::kComplete);
    RC_ASSERT(outcome.head_bytes == writer.size());
    RC_ASSERT(head->method_text == method);
    RC_ASSERT(head->target == target);
    RC_ASSERT(head->host == "a.example:80");
    RC_ASSERT(head->body == body);
    RC_ASSERT(body != Body::kLength || head->content_length == length);
    expect_fields(made, *head);
  });
}

TEST(HeadWriter, ResponsesReadBackAsTheyWere) {
  const auto room = std::make_unique<Room>();
  const auto head = std::make_unique<ResponseHead>();
  expect_always([&] {
    const int status = *rc::gen::suchThat(rc::gen::inRange(200, 1000), [](int s) { return s != 204 && s != 304; });
    const std::string reason = *field_value();
    const Fields made = *fields();
    const Body body = *rc::gen::element(Body::kUntilClose, Body::kLength, Body::kChunked);
    const auto length = *rc::gen::inRange<std::uint64_t>(0, INT64_MAX);
    HeadWriter writer(*room);
    writer.status_line(status, reason);
    for (const auto& [name, value] : made) writer.field(name, value);
    write_framing(body, length, writer);
    writer.end();
    RC_ASSERT(writer.ok());
    const ParseOutcome outcome = parse_response_head(writer.written(), Method::kGet, *head);
    RC_ASSERT(outcome.state == ParseState::kComplete);
    RC_ASSERT(outcome.head_bytes == writer.size());
    RC_ASSERT(head->status == status);
    RC_ASSERT(head->reason == (reason.empty() ? reason_phrase(status) : reason));
    RC_ASSERT(head->body == body);
    RC_ASSERT(body != Body::kLength || head->content_length == length);
    expect_fields(made, *head);
  });
}

TEST(HeadWriter, WritesNothingBeyondItsRoom) {
  const auto write = [](std::span<char> room) {
    HeadWriter writer(room);
    writer.status_line(503);
    writer.field("Retry-After", std::uint64_t{1});
    writer.field("Server", "tenfold");
    writer.end();
    return std::pair(writer.ok(), std::string(writer.written()));
  };
  std::array<char, 128> ample;
  const auto [ok, whole] = write(ample);
  ASSERT_TRUE(ok);
  EXPECT_EQ(whole, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nServer: tenfold\r\n\r\n");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::vector<char> room(size);  // of that size on the heap, where ASan sees a byte too many being written
    EXPECT_FALSE(write(room).first) << size;
  }
  std::vector<char> exact(whole.size());
  EXPECT_EQ(write(exact), std::pair(true, whole));
}

}  // namespace
}  // namespace tenfold::http
