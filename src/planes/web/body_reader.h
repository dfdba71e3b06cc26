// SPDX-License-Identifier: Apache-2.0
// Reads the body of one message from a connection, piece by piece, whatever its framing, and never a byte more than the
// message has: what follows it stays in the buffer for the next message.
//
//   buffer:  | content of the body … | next message |
//
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "runtime/io.h"
#include "runtime/task.h"
#include "wire/http/chunked.h"
#include "wire/http/message.h"

namespace tenfold::web {

class BodyReader {
 public:
  /// `buffer` holds what came behind the message's head; `socket` and `io` outlive this.
  BodyReader(runtime::Io& io, runtime::Socket& socket, http::Body framing, std::uint64_t length, runtime::Buffer buffer,
             runtime::BufferSize read_size);

  /// True when the whole body was handed out.
  bool finished() const { return state_ == State::kFinished; }

  /// What the buffer holds of the body's content, without its framing: nothing when a read is needed first, or at the
  /// end. Views are valid until the next call. kProtocol for broken chunks.
  Result<std::string_view> take_buffered();

  /// The next content, read from the connection when none is buffered; empty at the end. kClosed and kReset when the
  /// peer left before the end.
  runtime::Task<Result<std::string_view>> next(runtime::Wait wait);

  /// The fields behind a chunked body, valid after finished() until the buffer is taken.
  const http::ChunkedDecoder* trailers() const { return framing_ == http::Body::kChunked ? &chunks_ : nullptr; }

  /// The bytes behind the body. REQUIRES: finished().
  runtime::Buffer take_rest() { return std::move(buffer_); }

 private:
  enum class State : std::uint8_t { kReading, kFinished };

  Result<std::string_view> take_chunks();

  runtime::Io& io_;
  runtime::Socket& socket_;
  http::Body framing_;
  State state_ = State::kReading;
  runtime::BufferSize read_size_;
  std::uint64_t left_;  // of a kLength body
  runtime::Buffer buffer_;
  http::ChunkedDecoder chunks_;
};

}  // namespace tenfold::web
