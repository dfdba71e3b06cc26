// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "wire/memcached/binary_reply.h"
#include "wire/memcached/binary_request.h"

namespace tenfold::memcached {
namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int shift = bytes * 8 - 8; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

// opaque 7, and the cas 9 where `unique` says so.
std::string packet(int opcode, std::string_view extras, std::string_view key, std::string_view value = {},
                   std::uint64_t unique = 0) {
  std::string text = "\x80" + number(static_cast<std::uint64_t>(opcode), 1) + number(key.size(), 2);
  text += number(extras.size(), 1) + number(0, 3) + number(extras.size() + key.size() + value.size(), 4);
  text += number(7, 4) + number(unique, 8);
  return text.append(extras).append(key).append(value);
}

BinaryRequest parsed(std::string_view bytes) {
  BinaryRequest request;
  EXPECT_EQ(parse_binary_request(bytes, request).state, ParseState::kComplete);
  return request;
}

std::string said(const std::string& bytes) {
  return text_of(parsed(bytes));
}

TEST(MemcachedBinaryRequest, IsSaidInMetaCommands) {
  const std::string stored = number(5, 4) + number(600, 4);
  EXPECT_EQ(said(packet(0x00, "", "key")), "mg key v f c\r\n");
  EXPECT_EQ(said(packet(0x1d, number(60, 4), "key")), "mg key v f c T60\r\n");
  EXPECT_EQ(said(packet(0x1c, number(0, 4), "key")), "mg key f c T0\r\n");
  EXPECT_EQ(said(packet(0x01, stored, "key", "a\r\nb")), "ms key 4 c F5 T600\r\na\r\nb\r\n");
  EXPECT_EQ(said(packet(0x02, stored, "key", "a")), "ms key 1 c F5 T600 ME\r\na\r\n");
  EXPECT_EQ(said(packet(0x03, stored, "key", "a")), "ms key 1 c F5 T600 MR\r\na\r\n");
  EXPECT_EQ(said(packet(0x03, stored, "key", "a", 9)), "ms key 1 c C9 F5 T600\r\na\r\n");
  EXPECT_EQ(said(packet(0x0e, "", "key", "a")), "ms key 1 c MA\r\na\r\n");
  EXPECT_EQ(said(packet(0x0f, "", "key", "", 9)), "ms key 0 c C9 MP\r\n\r\n");
  EXPECT_EQ(said(packet(0x04, "", "key", "", 9)), "md key C9\r\n");
  EXPECT_EQ(said(packet(0x05, number(2, 8) + number(10, 8) + number(60, 4), "n")), "ma n v c D2 N60 J10\r\n");
  EXPECT_EQ(said(packet(0x06, number(2, 8) + number(10, 8) + "\xff\xff\xff\xff", "n")), "ma n v c D2 MD\r\n");
  EXPECT_EQ(said(packet(0x08, "", "")), "flush_all\r\n");
  EXPECT_EQ(said(packet(0x08, number(30, 4), "")), "flush_all 30\r\n");
  EXPECT_EQ(said(packet(0x10, "", "settings")), "stats settings\r\n");
  EXPECT_EQ(said(packet(0x0a, "", "")), "mn\r\n");
}

TEST(MemcachedBinaryRequest, QuietOnesAndThoseWithKeysSayTheSame) {
  EXPECT_EQ(said(packet(0x0d, "", "key")), "mg key v f c\r\n");
  EXPECT_TRUE(parsed(packet(0x0d, "", "key")).quiet);
  EXPECT_TRUE(parsed(packet(0x0d, "", "key")).with_key);
  EXPECT_FALSE(parsed(packet(0x0c, "", "key")).quiet);
  EXPECT_FALSE(parsed(packet(0x11, number(0, 8), "key", "a")).with_key);
  EXPECT_EQ(parsed(packet(0x24, number(9, 4), "key")).verb, BinaryVerb::kGetAndTouch);
}

TEST(MemcachedBinaryRequest, KeysThatNoLineHoldsTravelInBase64) {
  EXPECT_EQ(said(packet(0x00, "", "a b")), "mg YSBi b v f c\r\n");
  EXPECT_EQ(said(packet(0x04, "", std::string_view("\r\n\0", 3))), "md DQoA b\r\n");
  BinaryRequest request;
  EXPECT_EQ(parse_binary_request(packet(0x00, "", std::string(250, 'k')), request).state, ParseState::kComplete);
  EXPECT_EQ(parse_binary_request(packet(0x00, "", std::string(251, 'k')), request).status, BinaryStatus::kInvalid);
  // In base64 it is longer than memcached reads.
  EXPECT_EQ(parse_binary_request(packet(0x00, "", std::string(190, ' ')), request).status, BinaryStatus::kInvalid);
}

TEST(MemcachedBinaryRequest, TimesBeyondWhatTextHoldsAreAsLongAsItCan) {
  EXPECT_EQ(said(packet(0x1c, number(0xffffffff, 4), "key")), "mg key f c T2147483647\r\n");
}

TEST(MemcachedBinaryRequest, IsTakenWhenItsKeyIsThere) {
  const std::string whole = packet(0x01, number(0, 8), "key", "value");
  BinaryRequest request;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const BinaryOutcome outcome = parse_binary_request(std::string_view(whole).substr(0, size), request);
    const bool has_key = size >= kBinaryHeaderBytes + 11;
    EXPECT_EQ(outcome.state, has_key ? ParseState::kComplete : ParseState::kNeedMore) << size;
    if (!has_key) EXPECT_EQ(outcome.wanted_bytes, size < kBinaryHeaderBytes ? 24 : 35);
    if (has_key) EXPECT_EQ(request.request_bytes, whole.size());
    if (has_key) EXPECT_FALSE(request.is_whole());
  }
  EXPECT_TRUE(parsed(whole).is_whole());
  EXPECT_EQ(parsed(whole + "more").value, "value");
}

TEST(MemcachedBinaryRequest, WrongLengthsAreRefusedAndOnlyImpossibleOnesClose) {
  const auto outcome = [](const std::string& bytes) {
    BinaryRequest request;
    return parse_binary_request(bytes, request);
  };
  for (const std::string& wrong :
       {packet(0x00, "", ""), packet(0x00, number(0, 4), "key"), packet(0x00, "", "key", "value"),
        packet(0x01, number(0, 4), "key", "value"), packet(0x0a, "", "key"), packet(0x08, number(0, 8), ""),
        packet(0x05, "", "key"), packet(0x10, "", "items\n")}) {
    EXPECT_EQ(outcome(wrong).status, BinaryStatus::kInvalid);
    EXPECT_FALSE(outcome(wrong).close);
  }
  EXPECT_EQ(outcome(packet(0x20, "", "")).status, BinaryStatus::kUnknownCommand);  // SASL
  EXPECT_EQ(outcome(packet(0xff, "", "")).status, BinaryStatus::kUnknownCommand);
  std::string impossible = packet(0x00, "", "key");
  impossible[11] = 2;  // of a body that holds a key of three bytes
  EXPECT_TRUE(outcome(impossible).close);
  EXPECT_TRUE(outcome("get key\r\n").close);
}

// -- Replies -------------------------------------------------------------------------------------------------------

std::string reply_packet(int opcode, int status, std::uint64_t unique, std::string_view extras, std::string_view key,
                         std::string_view value) {
  std::string text = packet(opcode, extras, key, value, unique);
  text[0] = '\x81';
  text[7] = static_cast<char>(status);
  return text;
}

std::string answer(const std::string& request, std::string_view text) {
  const BinaryReply made = binary_reply(BinaryCall(parsed(request)), text);
  return made.head + std::string(made.rest);
}

TEST(MemcachedBinaryReply, ValuesHaveTheirFlagsAndNumber) {
  const std::string_view item = "VA 2 f5 c17\r\nhi\r\n";
  EXPECT_EQ(answer(packet(0x00, "", "key"), item), reply_packet(0x00, 0, 17, number(5, 4), "", "hi"));
  EXPECT_EQ(answer(packet(0x0d, "", "key"), item), reply_packet(0x0d, 0, 17, number(5, 4), "key", "hi"));
  EXPECT_EQ(answer(packet(0x1c, number(9, 4), "key"), "HD f5 c17\r\n"),
            reply_packet(0x1c, 0, 17, number(5, 4), "", ""));
  EXPECT_EQ(answer(packet(0x05, number(2, 8) + number(10, 8) + number(60, 4), "n"), "VA 3 c4\r\n10 \r\n"),
            reply_packet(0x05, 0, 4, "", "", number(10, 8)));
}

TEST(MemcachedBinaryReply, MissesAndRefusals) {
  EXPECT_EQ(answer(packet(0x00, "", "key"), "EN\r\n"), reply_packet(0x00, 1, 0, "", "", "Not found"));
  EXPECT_EQ(answer(packet(0x0c, "", "key"), "EN\r\n"), reply_packet(0x0c, 1, 0, "", "key", ""));
  EXPECT_EQ(answer(packet(0x09, "", "key"), "EN\r\n"), "");
  EXPECT_EQ(answer(packet(0x04, "", "key"), "NF\r\n"), reply_packet(0x04, 1, 0, "", "", "Not found"));
  EXPECT_EQ(answer(packet(0x14, "", "key"), "NF\r\n"), reply_packet(0x14, 1, 0, "", "", "Not found"));
  EXPECT_EQ(answer(packet(0x02, number(0, 8), "key", "v"), "NS c0\r\n"),
            reply_packet(0x02, 2, 0, "", "", "Data exists for key."));
  EXPECT_EQ(answer(packet(0x13, number(0, 8), "key", "v"), "NS c0\r\n"), reply_packet(0x13, 1, 0, "", "", "Not found"));
  EXPECT_EQ(answer(packet(0x0e, "", "key", "v"), "NS c0\r\n"), reply_packet(0x0e, 5, 0, "", "", "Not stored."));
}

TEST(MemcachedBinaryReply, QuietOnesTellNothingButErrors) {
  EXPECT_EQ(answer(packet(0x11, number(0, 8), "key", "v"), "HD c5\r\n"), "");
  EXPECT_EQ(answer(packet(0x01, number(0, 8), "key", "v"), "HD c5\r\n"), reply_packet(0x01, 0, 5, "", "", ""));
  EXPECT_EQ(answer(packet(0x11, number(0, 8), "key", "v"), "EX c0\r\n"),
            reply_packet(0x11, 2, 0, "", "", "Data exists for key."));
  EXPECT_EQ(answer(packet(0x18, "", ""), "OK\r\n"), "");
  // A node that failed is no miss.
  EXPECT_EQ(answer(packet(0x09, "", "key"), "SERVER_ERROR node 1 is down\r\n"),
            reply_packet(0x09, 0x84, 0, "", "", "node 1 is down"));
}

TEST(MemcachedBinaryReply, ErrorsInWordsHaveTheNumberOfTheirKind) {
  const std::string get = packet(0x00, "", "key");
  EXPECT_EQ(answer(get, "SERVER_ERROR object too large for cache\r\n"), reply_packet(0x00, 3, 0, "", "", "Too large."));
  EXPECT_EQ(answer(get, "SERVER_ERROR out of memory storing object\r\n")[7], '\x82');
  EXPECT_EQ(answer(get, "CLIENT_ERROR bad token\r\n"), reply_packet(0x00, 4, 0, "", "", "bad token"));
  EXPECT_EQ(answer(get, "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n")[7], '\x06');
  EXPECT_EQ(answer(get, "ERROR\r\n")[7], '\x81');
  EXPECT_EQ(answer(get, "what is this\r\n")[7], '\x84');
  EXPECT_EQ(answer(packet(0x08, "", ""), "CLIENT_ERROR flush_all not allowed\r\n"),
            reply_packet(0x08, 0x83, 0, "", "", "flush_all not allowed"));
}

TEST(MemcachedBinaryReply, StatisticsEndWithAnEmptyRow) {
  EXPECT_EQ(answer(packet(0x10, "", ""), "STAT pid 5\r\nSTAT version 1.6 x\r\nEND\r\n"),
            reply_packet(0x10, 0, 0, "", "pid", "5") + reply_packet(0x10, 0, 0, "", "version", "1.6 x") +
                reply_packet(0x10, 0, 0, "", "", ""));
  EXPECT_EQ(answer(packet(0x10, "", "reset"), "RESET\r\n"), reply_packet(0x10, 0, 0, "", "", ""));
  EXPECT_EQ(answer(packet(0x0b, "", ""), "VERSION 1.6.18\r\n"), reply_packet(0x0b, 0, 0, "", "", "1.6.18"));
}

}  // namespace
}  // namespace tenfold::memcached
