// SPDX-License-Identifier: Apache-2.0
#include "wire/http/chunked.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace tenfold::http {
namespace {

struct Decoded {
  ChunkedDecoder::State state;
  std::string data;
  std::string rest;
  std::string trailers;
};

// Feeds the bytes in two pieces, split at `split`.
Decoded decode(const std::string& text, std::size_t split) {
  ChunkedDecoder decoder(Sender::kClient);
  Decoded result{ChunkedDecoder::State::kNeedMore, {}, {}, {}};
  for (std::string_view piece : {std::string_view(text).substr(0, split), std::string_view(text).substr(split)}) {
    while (!piece.empty() && result.state != ChunkedDecoder::State::kEnd) {
      const ChunkedDecoder::Step step = decoder.step(piece);
      result.state = step.state;
      if (step.state == ChunkedDecoder::State::kError) return result;
      result.data += step.data;
      piece.remove_prefix(step.consumed);
    }
    result.rest += piece;
  }
  result.trailers = decoder.trailers();
  return result;
}

TEST(ChunkedDecoder, DecodesOverEverySplit) {
  const std::string text = "5\r\nhello\r\n006;name=\"value\"\r\n world\r\n0\r\nX-Sum: 11\r\n\r\nGET /";
  for (std::size_t split = 0; split <= text.size(); ++split) {
    const Decoded decoded = decode(text, split);
    ASSERT_EQ(decoded.state, ChunkedDecoder::State::kEnd) << split;
    EXPECT_EQ(decoded.data, "hello world");
    EXPECT_EQ(decoded.rest, "GET /");
    EXPECT_EQ(decoded.trailers, "X-Sum: 11\r\n\r\n");
  }
}

TEST(ChunkedDecoder, RefusesWhatIsNotExact) {
  const std::string cases[] = {"\r\n",
                               "g\r\n",
                               "-1\r\n",
                               "0x5\r\n",
                               " 5\r\n",
                               "5 \r\nhello\r\n",
                               "5\nhello\r\n",
                               "5\r\nhelloX\r\n",
                               "5\r\nhello\n0\r\n\r\n",
                               "5;a\nb\r\n",
                               "1000000000000000\r\n",
                               "5;" + std::string(limits::kHttpChunkLineBytesMost, 'a') + "\r\n",
                               "0\r\nContent-Length: 5\r\n\r\n",
                               "0\r\nHost: a\r\n\r\n",
                               "0\r\nno colon\r\n\r\n",
                               "0\r\nX: 1\n",
                               "0\r\nX: 1\r2\r\n\r\n",
                               "0\r\n\n",
                               "0\r\n\rX",
                               "0\r\nX: " + std::string(limits::kHttpTrailerBytesMost, 'a') + "\r\n\r\n"};
  for (const std::string& text : cases) {
    for (std::size_t split : {std::size_t{0}, text.size() / 2})
      EXPECT_EQ(decode(text, split).state, ChunkedDecoder::State::kError) << text.substr(0, 40);
  }
}

TEST(ChunkedDecoder, TakesUnderscoresInTrailersFromNodesOnly) {
  ChunkedDecoder of_node(Sender::kNode);
  EXPECT_EQ(of_node.step("0\r\nX_Sum: 1\r\n\r\n").state, ChunkedDecoder::State::kEnd);
  ChunkedDecoder of_client(Sender::kClient);
  EXPECT_EQ(of_client.step("0\r\nX_Sum: 1\r\n\r\n").state, ChunkedDecoder::State::kError);
}

TEST(ChunkSizeLine, IsWhatTheDecoderReads) {
  for (std::uint64_t size : {1ULL, 15ULL, 16ULL, 0xabcdefULL, 0xfffffffffffffffULL}) {
    const ChunkSizeLine line(size);
    ChunkedDecoder decoder(Sender::kClient);
    EXPECT_EQ(decoder.step(line.text()).state, ChunkedDecoder::State::kNeedMore) << size;
  }
  EXPECT_EQ(ChunkSizeLine(500).text(), "1f4\r\n");
}

}  // namespace
}  // namespace tenfold::http
