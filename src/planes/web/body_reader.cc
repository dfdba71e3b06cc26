// SPDX-License-Identifier: Apache-2.0
#include "planes/web/body_reader.h"

#include <algorithm>
#include <cstring>

namespace tenfold::web {

BodyReader::BodyReader(runtime::Io& io, runtime::Socket& socket, BodyFacts facts, runtime::Buffer buffer,
                       runtime::BufferSize read_size)
    : io_(io),
      socket_(socket),
      buffer_(std::move(buffer)),
      facts_(std::move(facts)),
      left_(facts_.length),
      chunks_(facts_.from),
      read_size_(read_size),
      finished_(facts_.framing == http::Body::kNone || (facts_.framing == http::Body::kLength && left_ == 0)) {}

void BodyReader::drop_handed_out() {
  if (handed_out_ > 0) buffer_.consume(std::exchange(handed_out_, 0));
}

Result<std::string_view> BodyReader::take_buffered() {
  drop_handed_out();
  if (finished_ || !buffer_ || buffer_.empty()) return std::string_view();
  if (facts_.framing == http::Body::kChunked) return take_chunks();
  std::string_view content = buffer_.view();
  if (facts_.framing == http::Body::kLength) {
    content = content.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, content.size())));
    left_ -= content.size();
    finished_ = left_ == 0;
  }
  handed_out_ = content.size();
  return content;
}

Result<std::string_view> BodyReader::take_chunks() {
  const std::span<char> bytes = buffer_.bytes();
  std::size_t content = 0;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const http::ChunkedDecoder::Step step = chunks_.step({bytes.data() + at, bytes.size() - at});
    if (step.state == http::ChunkedDecoder::State::kError) return fail(ErrorKind::kProtocol, "chunked body");
    if (!step.data.empty()) std::memmove(bytes.data() + content, step.data.data(), step.data.size());
    content += step.data.size();
    at += step.consumed;
    if (step.state == http::ChunkedDecoder::State::kEnd) {
      finished_ = true;
      break;
    }
  }
  handed_out_ = at;
  return std::string_view(bytes.data(), content);
}

runtime::Task<Result<std::string_view>> BodyReader::next(runtime::Wait wait) {
  for (;;) {
    const Result<std::string_view> buffered = take_buffered();
    if (!buffered || !buffered->empty() || finished_) co_return buffered;
    drop_handed_out();
    buffer_.reset();
    Result<runtime::Buffer> read = co_await io_.recv(socket_, read_size_, wait);
    if (!read) {
      finished_ = facts_.framing == http::Body::kUntilClose && read.error().kind == ErrorKind::kClosed;
      if (finished_) co_return std::string_view();
      co_return std::unexpected(read.error());
    }
    buffer_ = std::move(*read);
  }
}

runtime::Buffer BodyReader::take_rest() {
  drop_handed_out();
  if (buffer_ && buffer_.empty()) buffer_.reset();
  return std::move(buffer_);
}

}  // namespace tenfold::web
