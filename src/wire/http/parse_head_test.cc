// SPDX-License-Identifier: Apache-2.0
#include "wire/http/parse_head.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace tenfold::http {
namespace {

ParseOutcome parse(const std::string& text, RequestHead& head) {
  return parse_request_head(text, head);
}

struct Refused {
  const char* name;
  std::string text;
  int status;
};

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::vector<Refused> refused_framing() {
  return {
      {"two lengths", get("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {"length and chunked", get("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"empty length", get("Content-Length:\r\n"), 400},
      {"signed length", get("Content-Length: +1\r\n"), 400},
      {"negative length", get("Content-Length: -1\r\n"), 400},
      {"hexadecimal length", get("Content-Length: 0x1\r\n"), 400},
      {"length with underscore", get("Content-Length: 1_0\r\n"), 400},
      {"length list", get("Content-Length: 1, 1\r\n"), 400},
      {"huge length", get("Content-Length: 18446744073709551616\r\n"), 400},
      {"chunked twice", get("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"another coding first", get("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {"two codings", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"tab behind coding", get("Transfer-Encoding: chunked\t\r\n"), 400},
      {"vertical tab in coding",
       get("Transfer-Encoding: \x0b"
           "chunked\r\n"),
       400},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"coding that is not chunked", get("Transfer-Encoding: identity\r\n"), 400},
      {"empty coding", get("Transfer-Encoding:\r\n"), 400},
      {"coding with a parameter", get("Transfer-Encoding: chunked;q=1\r\n"), 400},
      {"length over 63 bits", get("Content-Length: 9223372036854775808\r\n"), 400},
      {"tab behind length", get("Content-Length: 1\t\r\n"), 400},
      {"two expectations", get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 400},
      {"unknown expectation", get("Expect: 200-ok\r\n"), 417},
  };
}

std::vector<Refused> refused_hosts() {
  return {
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", get("Host: b\r\n"), 400},
      {"bad host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"list of hosts", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"user in host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
      {"escape in host", "GET / HTTP/1.1\r\nHost: %61\r\n\r\n", 400},
      {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
      {"port that is no number", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
      {"open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"empty brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400},
      {"name in brackets", "GET / HTTP/1.1\r\nHost: [host]\r\n\r\n", 400},
      {"text behind brackets", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400},
      {"bad authority", "GET http://a:b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no authority", "GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no authority, and a query", "GET http://?q HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"user in authority", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
  };
}

std::vector<Refused> refused_syntax() {
  return {
      {"bare line feed", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare carriage return", get("X: a\rb\r\n"), 400},
      {"space before colon", get("X : 1\r\n"), 400},
      {"folded field", get("X: 1\r\n 2\r\n"), 400},
      {"NUL in value", get(std::string("X: a\0b\r\n", 8)), 400},
      {"empty name", get(": 1\r\n"), 400},
      {"no colon", get("X\r\n"), 400},
      {"underscore", get("X_Y: 1\r\n"), 400},
      {"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"control byte in target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab for space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no leading slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"https in the clear", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"version 2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
      {"not http", "GET / SIP/2.0\r\nHost: a\r\n\r\n", 400},
      {"two empty lines in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"long method", std::string(100, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no version", "GET /\r\nHost: a\r\n\r\n", 400},
      {"version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"line feed in front", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"byte beyond ASCII in a name", get("X\xc3: 1\r\n"), 400},
      {"byte beyond ASCII in the target", "GET /\xc3 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"DEL in value", get("X: a\x7f\r\n"), 400},
      {"long target", "GET /" + std::string(limits::kHttpTargetBytesMost, 'a') + " HTTP/1.1\r\n\r\n", 414},
      {"long head", get("X: " + std::string(limits::kHttpHeadBytesMost, 'a') + "\r\n"), 431},
      {"endless head", "GET / HTTP/1.1\r\nX: " + std::string(limits::kHttpHeadBytesMost, 'a'), 431},
  };
}

std::vector<Refused> refused_requests() {
  std::vector<Refused> all = refused_framing();
  for (const auto& more : {refused_hosts(), refused_syntax()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(ParseRequestHead, RefusesWhatCanBeReadInTwoWays) {
  const auto head = std::make_unique<RequestHead>();
  for (const Refused& bad : refused_requests()) {
    const ParseOutcome outcome = parse(bad.text, *head);
    EXPECT_EQ(outcome.state, ParseState::kError) << bad.name;
    EXPECT_EQ(outcome.status, bad.status) << bad.name << ": " << outcome.reason;
    EXPECT_FALSE(outcome.reason.empty()) << bad.name;
  }
}

TEST(ParseRequestHead, RefusesAConnectionFieldThatGoesOnAndOn) {
  const auto head = std::make_unique<RequestHead>();
  std::string text;
  const auto status_of = [&head, &text](const std::string& options) {
    text = get("Connection: " + options + "\r\nX-A: 1\r\n");
    return parse(text, *head).status;
  };
  std::string list = "x-a";
  for (std::size_t i = 1; i < limits::kHttpConnectionOptionsMost; ++i) list += ",b";
  EXPECT_EQ(status_of(list), 0);
  EXPECT_TRUE(head->is_hop_by_hop(*head->fields.find(std::string_view("X-A"))));
  EXPECT_EQ(status_of(list + ",c"), 400);
  EXPECT_EQ(status_of(list + "\r\nConnection: close"), 400) << "all lines are one list";
  EXPECT_EQ(status_of("a" + std::string(60'000, ',')), 400) << "empty options are options";
  EXPECT_EQ(status_of(std::string(limits::kHttpConnectionOptionBytesMost, 'a')), 0);
  EXPECT_EQ(status_of(std::string(limits::kHttpConnectionOptionBytesMost + 1, 'a')), 400);
}

TEST(ParseRequestHead, RefusesTooManyFields) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < limits::kHttpFieldsMost; ++i) text += "X: 1\r\n";
  const auto head = std::make_unique<RequestHead>();
  EXPECT_EQ(parse(text + "\r\n", *head).state, ParseState::kComplete);
  EXPECT_EQ(parse(text + "X: 1\r\n\r\n", *head).status, 431);
}

const char* const kGood =
    "\r\nPOST /a/./b?c=d HTTP/1.1\r\nhost: Shop.example.com:80\r\nX-Empty:\r\nX-Spaces:  \ta b\t \r\n"
    "Connection: keep-alive, X-Private\r\nX-Private: 1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello";

TEST(ParseRequestHead, ReadsAHead) {
  const auto head = std::make_unique<RequestHead>();
  const std::string text = kGood;
  const ParseOutcome outcome = parse(text, *head);
  ASSERT_EQ(outcome.state, ParseState::kComplete) << outcome.reason;
  EXPECT_EQ(text.substr(outcome.head_bytes), "hello");
  EXPECT_EQ(head->method, Method::kPost);
  EXPECT_EQ(head->target, "/a/./b?c=d");
  EXPECT_FALSE(head->plain_target);
  EXPECT_EQ(head->host, "Shop.example.com:80");
  EXPECT_EQ(head->body, Body::kLength);
  EXPECT_EQ(head->content_length, 5U);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_EQ(head->fields.find(std::string_view("x-spaces"))->value, "a b");
  EXPECT_EQ(head->fields.find(std::string_view("x-empty"))->value, "");
  EXPECT_TRUE(head->is_hop_by_hop(*head->fields.find(std::string_view("x-private"))));
  EXPECT_FALSE(head->is_hop_by_hop(*head->fields.find(FieldName::kHost)));
}

TEST(ParseRequestHead, EveryPrefixNeedsMore) {
  const std::string text(kGood);
  const auto head = std::make_unique<RequestHead>();
  const std::size_t whole = parse(text, *head).head_bytes;
  for (std::size_t size = 0; size < whole; ++size)
    EXPECT_EQ(parse(text.substr(0, size), *head).state, ParseState::kNeedMore) << size;
}

TEST(ParseRequestHead, APrefixOfABadHeadIsNeverGood) {
  const auto head = std::make_unique<RequestHead>();
  for (const Refused& bad : refused_requests()) {
    for (std::size_t size = 0; size < std::min<std::size_t>(bad.text.size(), 400); ++size)
      ASSERT_NE(parse(bad.text.substr(0, size), *head).state, ParseState::kComplete) << bad.name << " at " << size;
  }
}

TEST(ParseRequestHead, UnderstandsAbsoluteFormAndVersions) {
  const auto head = std::make_unique<RequestHead>();
  const std::string absolute = "GET http://Real/p HTTP/1.1\r\nHost: other\r\n\r\n";
  EXPECT_EQ(parse(absolute, *head).state, ParseState::kComplete);
  EXPECT_EQ(head->host, "Real");
  EXPECT_EQ(head->target, "/p");
  const std::string query = "GET http://Real?q=/ HTTP/1.1\r\nHost: other\r\n\r\n";
  EXPECT_EQ(parse(query, *head).state, ParseState::kComplete);
  EXPECT_EQ(head->host, "Real");
  EXPECT_EQ(head->target, "?q=/");
  EXPECT_FALSE(head->plain_target) << "its path is yet to be written";
  const std::string server = "OPTIONS http://Real HTTP/1.1\r\nHost: other\r\n\r\n";
  EXPECT_EQ(parse(server, *head).state, ParseState::kComplete);
  EXPECT_EQ(head->target, "*");
  const std::string root = "OPTIONS http://Real/ HTTP/1.1\r\nHost: other\r\n\r\n";
  EXPECT_EQ(parse(root, *head).state, ParseState::kComplete);
  EXPECT_EQ(head->target, "/");
  const std::string old = "GET / HTTP/1.0\r\n\r\n";
  EXPECT_EQ(parse(old, *head).state, ParseState::kComplete);
  EXPECT_FALSE(head->keep_alive);
  const std::string kept = "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(parse(kept, *head).state, ParseState::kComplete);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_FALSE(head->expects_continue);
  const std::string closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n";
  EXPECT_EQ(parse(closing, *head).state, ParseState::kComplete);
  EXPECT_FALSE(head->keep_alive);
  const std::string upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(parse(upgrade, *head).state, ParseState::kComplete);
  EXPECT_EQ(head->upgrade, "websocket");
}

TEST(ParseRequestHead, KnowsHostsOfEveryForm) {
  const auto head = std::make_unique<RequestHead>();
  for (const char* host :
       {"", "a", "a.example.com:8080", "under_score", "10.0.0.1:80", "[::1]", "[2001:db8::1]:80", "a:"}) {
    const std::string text = std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n";
    EXPECT_EQ(parse(text, *head).state, ParseState::kComplete) << host;
    EXPECT_EQ(head->host, host);
  }
}

TEST(ParseResponseHead, FramesTheBodyByStatusMethodAndFields) {
  struct Case {
    const char* text;
    Method method;
    Body body;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Method::kGet, Body::kLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Method::kHead, Body::kNone},
      {"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", Method::kGet, Body::kChunked},
      {"HTTP/1.1 200 \r\n\r\n", Method::kGet, Body::kUntilClose},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", Method::kGet, Body::kNone},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", Method::kGet, Body::kNone},
      {"HTTP/1.1 101 Switching\r\n\r\n", Method::kGet, Body::kNone},
  };
  const auto head = std::make_unique<ResponseHead>();
  for (const Case& good : cases) {
    const ParseOutcome outcome = parse_response_head(good.text, good.method, *head);
    EXPECT_EQ(outcome.state, ParseState::kComplete) << good.text << outcome.reason;
    EXPECT_EQ(head->body, good.body) << good.text;
  }
  for (const char* bad :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "ICY 200 OK\r\n\r\n"}) {
    EXPECT_EQ(parse_response_head(bad, Method::kGet, *head).state, ParseState::kError) << bad;
  }
}

}  // namespace
}  // namespace tenfold::http
