// SPDX-License-Identifier: Apache-2.0
#include "planes/web/upload.h"

#include "wire/http/chunked.h"

namespace tenfold::web {
namespace {

using namespace std::chrono_literals;

// The average rate is judged only after this long: the first bytes of a slow network must not fail a request.
constexpr Duration kRateGrace = 10s;

void fail(Upload& upload, Failure failure, std::string detail) {
  upload.state = Upload::State::kFailed;
  upload.failure = failure;
  upload.detail = std::move(detail);
  upload.stop.request();
}

void fail_reading(Upload& upload, const Error& error) {
  switch (error.kind) {
    case ErrorKind::kCanceled:
      upload.state = Upload::State::kFailed;
      return;
    case ErrorKind::kProtocol:
      return fail(upload, Failure::kMalformedRequest, std::string(upload.reader.problem()));
    case ErrorKind::kTimeout:
      return fail(upload, Failure::kRequestTooSlow, "the body stopped coming");
    default:
      return fail(upload, failure_of_client(error, Failure::kRequestTooSlow), to_string(error));
  }
}

// True when the body is within its limits of size and rate.
bool is_acceptable(Upload& upload) {
  const Exchange& exchange = upload.exchange;
  if (exchange.received_bytes > exchange.settings().body_max_bytes) {
    fail(upload, Failure::kRequestTooLarge, {});
    return false;
  }
  const Duration passed = exchange.io().now() - upload.began;
  if (passed < kRateGrace) return true;
  const double rate = static_cast<double>(exchange.received_bytes) / to_seconds(passed);
  if (rate >= static_cast<double>(exchange.settings().body_min_rate)) return true;
  fail(upload, Failure::kRequestTooSlow, "the body comes more slowly than body_min_rate");
  return false;
}

runtime::Task<Result<std::string_view>> read_content(Upload& upload) {
  return upload.reader.next(upload.exchange.wait_for_bytes(upload.stop));
}

// Until the client has its 100, or begins without, the time is the node's: response_timeout ends the wait, and the
// client owes nothing.
[[gnu::noinline]] runtime::Task<Result<std::string_view>> first_content(Upload& upload) {
  Exchange& exchange = upload.exchange;
  exchange.request_sent = exchange.io().now();
  exchange.awaits_continue = !upload.continued.requested();
  Result<std::string_view> content = co_await upload.reader.next(runtime::Wait(kNever, &upload.continued));
  exchange.awaits_continue = false;
  upload.began = exchange.io().now();
  const bool told = !content && content.error().kind == ErrorKind::kCanceled && !upload.stop.requested();
  if (told) content = co_await read_content(upload);
  co_return content;
}

// Not a coroutine itself: one frame fewer for every piece.
runtime::Task<Result<std::string_view>> next_content(Upload& upload) {
  const bool first = upload.exchange.received_bytes == 0;
  return first && upload.exchange.expects_continue ? first_content(upload) : read_content(upload);
}

runtime::Task<Status> send_piece(Upload& upload, std::string_view content) {
  const Exchange& exchange = upload.exchange;
  const runtime::Wait wait = exchange.wait_for_bytes(upload.stop);
  if (exchange.body == http::Body::kLength) co_return co_await exchange.io().send(upload.to, content, wait);
  const http::ChunkSizeLine size(content.size());
  co_return co_await exchange.io().send(upload.to, size.text(), content, http::kChunkEnd, wait);
}

runtime::Task<Status> send_end(Upload& upload) {
  const Exchange& exchange = upload.exchange;
  if (exchange.body == http::Body::kLength) co_return Status();
  const runtime::Wait wait = exchange.wait_for_bytes(upload.stop);
  const std::string trailers = upload.reader.trailers();
  if (trailers.empty()) co_return co_await exchange.io().send(upload.to, http::kLastChunk, wait);
  co_return co_await exchange.io().send(upload.to, http::kLastChunkLine, trailers, wait);
}

}  // namespace

Upload::Upload(Exchange& of, runtime::Socket& node, runtime::Stop& stopped)
    : exchange(of),
      to(node),
      stop(stopped),
      reader(of.io(), of.connection.socket, {http::Sender::kClient, of.body, of.body_bytes, of.named_by_connection},
             std::move(of.connection.rest), runtime::BufferSize::kLarge),
      began(of.io().now()),
      continued(stopped) {}

runtime::Task<void> run_upload(Upload* upload) {
  Exchange& exchange = upload->exchange;
  exchange.uploading = true;
  const runtime::Wait wait = exchange.wait_for_bytes(upload->stop);
  Status sent = co_await exchange.io().send(upload->to, exchange.head_bytes(), wait);
  while (sent && !upload->reader.finished()) {
    const Result<std::string_view> content = co_await next_content(*upload);
    if (!content) co_return fail_reading(*upload, content.error());
    if (content->empty()) break;
    exchange.received_bytes += content->size();
    if (!is_acceptable(*upload)) co_return;
    sent = co_await send_piece(*upload, *content);
    if (sent) exchange.node->counters.bytes_sent += content->size();
  }
  if (sent) sent = co_await send_end(*upload);
  exchange.request_sent = exchange.io().now();
  exchange.uploading = false;
  // A node that stopped reading may have answered already: whoever reads the response finds out.
  upload->state = sent ? Upload::State::kComplete : Upload::State::kNodeGone;
}

}  // namespace tenfold::web
