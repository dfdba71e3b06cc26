// SPDX-License-Identifier: Apache-2.0
// Reads the body of one message from a connection, piece by piece, whatever its framing, and never a byte more than the
// message has: what follows stays in the buffer for the next message. Chunks are decoded in place, so that all content
// of one read is one view:
//
//   buffer:  | 5 CRLF hello CRLF 3 CRLF you CRLF 0 CRLF CRLF | next message |
//   content: | helloyou |
//
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "wire/http/chunked.h"
#include "wire/http/message.h"
#include "wire/http/trailers.h"

namespace tenfold::web {

/// What a message's head says of the body behind it.
struct BodyFacts {
  http::Sender from;
  http::Body framing;
  std::uint64_t length;  // of a kLength body
  std::string named;     // what Connection names, as of http::listed()
};

class BodyReader {
 public:
  /// `buffer` holds what came behind the message's head, or has no block; `socket` and `io` outlive this. `read_size`
  /// is for later reads.
  BodyReader(runtime::Io& io, runtime::Socket& socket, BodyFacts facts, runtime::Buffer buffer,
             runtime::BufferSize read_size);

  /// True when the whole body was handed out.
  bool finished() const { return finished_; }

  /// The content that the buffer holds; empty when more must be read first, or at the end. The view is valid until the
  /// next call. kProtocol for broken chunks.
  Result<std::string_view> take_buffered();

  /// The next content, read from the connection where none is buffered; empty at the end only. kClosed and kReset when
  /// the peer left before the end.
  runtime::Task<Result<std::string_view>> next(runtime::Wait wait);

  /// What goes on of a chunked body's trailer section (wire/http/trailers.h). Valid once finished.
  std::string trailers() const { return http::passed_on_trailers(chunks_.trailers(), facts_.from, facts_.named); }
  /// Why the chunks are broken; static text.
  std::string_view problem() const { return chunks_.reason(); }

  /// True when bytes of something else stand behind the body.
  bool has_rest() const { return buffer_ && buffer_.size() > handed_out_; }
  /// The bytes behind the body. REQUIRES: finished(); views of content end here.
  runtime::Buffer take_rest();

 private:
  void drop_handed_out();
  Result<std::string_view> take_chunks();

  runtime::Io& io_;
  runtime::Socket& socket_;
  runtime::Buffer buffer_;
  std::size_t handed_out_ = 0;  // bytes at the buffer's front that the last view stood in
  BodyFacts facts_;
  std::uint64_t left_;  // of a kLength body
  http::ChunkedDecoder chunks_;
  runtime::BufferSize read_size_;
  bool finished_ = false;
};

}  // namespace tenfold::web
