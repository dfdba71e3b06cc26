// SPDX-License-Identifier: Apache-2.0
#include "wire/resp/request.h"

#include <gtest/gtest.h>

namespace tenfold::resp {
namespace {

constexpr RequestLimits kLimits{.bulk_bytes_most = 1 << 20, .request_bytes_most = 1 << 22, .arguments_most = 1 << 20};

std::vector<std::string> words(std::string_view bytes) {
  Request request;
  const ParseOutcome outcome = parse_request(bytes, kLimits, request);
  EXPECT_EQ(outcome.state, ParseState::kComplete) << bytes;
  EXPECT_EQ(outcome.consumed, bytes.size());
  return {request.arguments.begin(), request.arguments.end()};
}

ParseState state_of(std::string_view bytes) {
  Request request;
  return parse_request(bytes, kLimits, request).state;
}

using Words = std::vector<std::string>;

TEST(RespRequest, ArraysOfBulkStrings) {
  EXPECT_EQ(words("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), (Words{"GET", "k"}));
  EXPECT_EQ(words("*1\r\n$0\r\n\r\n"), (Words{""}));
  EXPECT_EQ(words("*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n"), (Words{"ECHO", "\r\n\r\n"}));
}

TEST(RespRequest, InlineCommands) {
  EXPECT_EQ(words("GET  k\r\n"), (Words{"GET", "k"}));
  EXPECT_EQ(words("set \"a b\" 'c\\'d'\n"), (Words{"set", "a b", "c'd"}));
  EXPECT_EQ(words("set \"\\x41\\n\\\"\" x\r\n"), (Words{"set", "A\n\"", "x"}));
  EXPECT_EQ(state_of("set \"open\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("set \"a\"b\r\n"), ParseState::kError);
}

TEST(RespRequest, AWholeRequestIsBounded) {
  constexpr RequestLimits kSmall{.bulk_bytes_most = 8, .request_bytes_most = 40, .arguments_most = 3};
  const auto state = [&](std::string_view bytes) {
    Request request;
    return parse_request(bytes, kSmall, request).state;
  };
  EXPECT_EQ(state("*2\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n"), ParseState::kComplete);
  EXPECT_EQ(state("*3\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n$8\r\n"), ParseState::kError);
  EXPECT_EQ(state("*4\r\n"), ParseState::kError);
  EXPECT_EQ(state("*1\r\n$9\r\n"), ParseState::kError);
}

TEST(RespRequest, NumbersHaveOneSpelling) {
  EXPECT_EQ(state_of("*01\r\n$4\r\nPING\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n$-0\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n$04\r\nPING\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*0\r\n"), ParseState::kEmpty);
}

TEST(RespRequest, EveryPrefixNeedsMore) {
  const std::string whole = "*3\r\n$3\r\nSET\r\n$2\r\nkk\r\n$11\r\nhello\r\nyou!\r\n";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Request request;
    const ParseOutcome outcome = parse_request(std::string_view(whole).substr(0, cut), kLimits, request);
    EXPECT_EQ(outcome.state, ParseState::kNeedMore) << cut;
    EXPECT_LE(outcome.wanted, whole.size()) << cut;
  }
}

TEST(RespRequest, EmptyRequestsAreDropped) {
  EXPECT_EQ(state_of("\r\n"), ParseState::kEmpty);
  EXPECT_EQ(state_of("*0\r\n"), ParseState::kEmpty);
  EXPECT_EQ(state_of("*-1\r\n"), ParseState::kEmpty);
}

TEST(RespRequest, NonsenseIsAnError) {
  EXPECT_EQ(state_of("*x\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*99999999999999999999\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*2147483648\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n:1\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n$-1\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n$1048577\r\n"), ParseState::kError);
  EXPECT_EQ(state_of("*1\r\n$1\r\nabc"), ParseState::kError);
  EXPECT_EQ(state_of(std::string(70'000, 'x')), ParseState::kError);
}

TEST(RespRequest, WhatIsWrittenReadsBack) {
  std::string bytes;
  write_request({"SET", "k", "a\r\nb"}, bytes);
  EXPECT_EQ(words(bytes), (Words{"SET", "k", "a\r\nb"}));
}

}  // namespace
}  // namespace tenfold::resp
