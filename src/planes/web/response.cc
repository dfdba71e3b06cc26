// SPDX-License-Identifier: Apache-2.0
#include "planes/web/response.h"

#include <algorithm>
#include <utility>

#include "planes/web/body_reader.h"
#include "planes/web/client_watch.h"
#include "planes/web/head_bytes.h"
#include "planes/web/reply.h"
#include "planes/web/tunnel.h"
#include "runtime/heap_buffer.h"
#include "wire/http/chunked.h"
#include "wire/http/head_writer.h"
#include "wire/http/list.h"
#include "wire/http/parse_head.h"

namespace tenfold::web {
namespace {

using http::Body;
using http::FieldName;
using namespace std::chrono_literals;

// A copied byte is cheaper than a second buffer in a send, up to about here.
constexpr std::size_t kCopiedBodyBytesMost = 2048;

// -- Reading the head ----------------------------------------------------------------------------------------------

// When the response must have begun: its time counts from the end of the request.
Instant response_deadline(const Exchange& exchange) {
  const bool moves = exchange.uploading && !exchange.awaits_continue;
  const Instant from = moves ? exchange.io().now() : exchange.request_sent;
  return from + exchange.settings().response_timeout;
}

// The size of a whole head, now in worker.response_head; 0 when more bytes are needed, or with exchange.failure set.
std::size_t parse_head(Exchange& exchange, std::string_view bytes, std::size_t seen) {
  if (bytes.empty() || (seen > 0 && !http::may_be_whole_head(bytes, seen))) return 0;
  const http::ParseOutcome outcome = http::parse_response_head(bytes, exchange.method, exchange.worker.response_head);
  if (outcome.state == http::ParseState::kError) exchange.fail(Failure::kNodeMalformed, std::string(outcome.reason));
  return outcome.state == http::ParseState::kComplete ? outcome.head_bytes : 0;
}

// A node may say for very long that it is at its request (102), but not without end.
constexpr int kInterimResponsesMost = 1000;

// A client is only watched while a node takes longer than this, for its answer or within it: most never need it.
constexpr Duration kWatchedAfter = 100ms;

// For a node that did not answer at once. A client that goes away meanwhile is not waited for: exchange.failure is then
// set, and the end of the node's connection tells the node too.
[[gnu::noinline]] runtime::Task<Result<runtime::Buffer>> receive_watched(Exchange& exchange, runtime::Socket& node,
                                                                         runtime::Stop& stop) {
  runtime::Io& io = exchange.io();
  ClientWatch watch(exchange, stop);
  for (;;) {
    const runtime::Wait wait(response_deadline(exchange), &watch.gone());
    Result<runtime::Buffer> read = co_await io.recv(node, runtime::BufferSize::kLarge, wait);
    const ErrorKind failure = read ? ErrorKind::kClosed : read.error().kind;
    if (failure == ErrorKind::kCanceled && !stop.requested())
      exchange.fail(Failure::kClientClosed, "while the node was at its request");
    // While an upload goes on, the deadline moves.
    if (failure != ErrorKind::kTimeout || io.now() >= response_deadline(exchange)) co_return read;
  }
}

// -- Writing the head ----------------------------------------------------------------------------------------------

// How the body's length is told to the client, which need not be how the node told it.
Body framing_for_client(const Exchange& exchange, Body from_node) {
  const bool unknown_length = from_node == Body::kChunked || from_node == Body::kUntilClose;
  if (!unknown_length) return from_node;
  return exchange.version == http::Version::k11 ? Body::kChunked : Body::kUntilClose;
}

// True when the node said the Date.
bool write_fields(const http::ResponseHead& head, http::HeadWriter& writer) {
  bool dated = false;
  for (const http::Field& field : head.fields.all()) {
    dated |= field.known == FieldName::kDate;
    if (field.known == FieldName::kContentLength) continue;  // written from the framing
    if (field.known == FieldName::kTrailer && head.body == Body::kChunked) {
      writer.field(field.name, field.value);
    } else if (field.known == FieldName::kProxyAuthenticate || !head.is_hop_by_hop(field)) {
      writer.field(field.name, field.value);
    }
  }
  return dated;
}

// A response to HEAD, or a 304, announces the length of a body that does not follow.
void write_framing(const http::ResponseHead& head, Body framing, http::HeadWriter& writer) {
  if (framing == Body::kLength) writer.field("Content-Length", head.content_length);
  if (framing == Body::kChunked) writer.field("Transfer-Encoding", "chunked");
  if (framing != Body::kNone || head.status < 200 || head.status == 204) return;
  if (const http::Field* length = head.fields.find(FieldName::kContentLength))
    writer.field("Content-Length", length->value);
}

bool write_head(const Exchange& exchange, Body framing, http::HeadWriter& writer) {
  const http::ResponseHead& head = exchange.worker.response_head;
  writer.status_line(head.status, head.reason);
  const bool dated = write_fields(head, writer);
  if (!dated && head.status >= 200) writer.field("Date", exchange.worker.date());  // RFC 9110 section 6.6.1
  write_framing(head, framing, writer);
  if (head.status == 101) {
    writer.text("Connection: upgrade\r\n");
    writer.field("Upgrade", head.upgrade);
  } else if (head.status >= 200) {
    writer.text(connection_line(exchange));
  }
  writer.end();
  return writer.ok();
}

constexpr std::string_view kHeadTooLarge = "the response head is too large";

// The head for the client, with room behind it where that is possible; empty when it cannot be written at all.
runtime::Buffer make_head(Exchange& exchange, Body framing) {
  runtime::Io& io = exchange.io();
  const auto write_into = [&exchange, framing](runtime::Buffer& out) {
    if (!out) return false;
    http::HeadWriter writer(out.room());
    const bool whole = write_head(exchange, framing, writer);
    if (whole) out.commit(writer.size());
    return whole;
  };
  runtime::Buffer out = io.small_buffers().take();
  if (write_into(out)) return out;
  out = io.large_buffers().take();
  if (write_into(out)) return out;
  out = runtime::heap_buffer(limits::kHttpHeadBytesMost * 2);
  if (!write_into(out)) out.reset();
  return out;
}

// -- Passing on ----------------------------------------------------------------------------------------------------

// The client did not take all of its answer: what it has must not look whole.
void fail_client(Exchange& exchange, const Error& error) {
  exchange.fail(failure_of_client(error, Failure::kClientTooSlow), to_string(error));
  exchange.connection.keep_open = false;
  exchange.io().reset_on_close(exchange.connection.socket);
}

// The node ended before its body was whole: the client must see that, whatever the framing.
void cut_short(Exchange& exchange, const Error& error) {
  const bool broken = error.kind == ErrorKind::kProtocol;
  exchange.fail(broken ? Failure::kNodeMalformed : failure_of_node(error), "within the body: " + to_string(error));
  exchange.connection.keep_open = false;
  exchange.io().reset_on_close(exchange.connection.socket);
}

// Sends content in the client's framing; `last` ends the body.
[[gnu::noinline]] runtime::Task<Status> send_content(Exchange& exchange, Body framing, std::string_view head,
                                                     std::string_view content, bool last, const std::string& trailers,
                                                     runtime::Stop& stop) {
  runtime::Io& io = exchange.io();
  runtime::Socket& client = exchange.connection.socket;
  const runtime::Wait wait = exchange.wait_for_bytes(stop);
  if (framing != Body::kChunked) {
    const Status sent = co_await io.send(client, head, content, wait);
    if (sent) exchange.sent_bytes += content.size();
    co_return sent;
  }
  std::string front(head);
  if (!content.empty()) front += http::ChunkSizeLine(content.size()).text();
  std::string back(content.empty() ? std::string_view() : http::kChunkEnd);
  if (last) back += trailers.empty() ? http::kLastChunk : http::kLastChunkLine;
  if (last) back += trailers;
  const Status sent = co_await io.send(client, front, content, back, wait);
  if (sent) exchange.sent_bytes += content.size();
  co_return sent;
}

std::string trailers_for_client(const Exchange& exchange, const BodyReader& reader) {
  return exchange.takes_trailers ? reader.trailers() : std::string();
}

// The next content of a body that pauses, as streams of events do: its client may be gone before there is anything to
// send. kCanceled when it is.
[[gnu::noinline]] runtime::Task<Result<std::string_view>> next_watched(Exchange& exchange, BodyReader& reader,
                                                                       Instant deadline, runtime::Stop& stop) {
  ClientWatch watch(exchange, stop);
  co_return co_await reader.next(runtime::Wait(deadline, &watch.gone()));
}

// The rest of a body that did not come with its head.
[[gnu::noinline]] runtime::Task<bool> relay_body(Exchange& exchange, Body framing, BodyReader& reader,
                                                 runtime::Stop& stop) {
  while (!reader.finished()) {
    const Instant deadline = exchange.wait_for_bytes(stop).deadline;
    const Instant unwatched = std::min(deadline, exchange.io().now() + kWatchedAfter);
    Result<std::string_view> content = co_await reader.next(runtime::Wait(unwatched, &stop));
    if (!content && content.error().kind == ErrorKind::kTimeout)
      content = co_await next_watched(exchange, reader, deadline, stop);
    if (!content) {
      cut_short(exchange, content.error());
      const bool client_gone = content.error().kind == ErrorKind::kCanceled && !stop.requested();
      if (client_gone) exchange.fail(Failure::kClientClosed, "within the body, while the node paused");
      co_return false;
    }
    exchange.node->counters.bytes_received += content->size();
    const std::string trailers = trailers_for_client(exchange, reader);
    const Status sent = co_await send_content(exchange, framing, "", *content, reader.finished(), trailers, stop);
    if (!sent) {
      fail_client(exchange, sent.error());
      co_return false;
    }
  }
  co_return true;
}

void note_keep_alive(Exchange& exchange) {
  const http::Field* field = exchange.worker.response_head.fields.find(FieldName::kKeepAlive);
  if (field == nullptr) return;
  constexpr std::string_view kName = "timeout=";
  const std::size_t at = field->value.find(kName);
  if (at == field->value.npos) return;
  const std::string_view digits = field->value.substr(at + kName.size());
  const auto seconds = parse_decimal(digits.substr(0, digits.find_first_not_of("0123456789")));
  if (seconds && *seconds < 86'400) exchange.node->pool().node_keeps_for(std::chrono::seconds(*seconds));
}

// A final response whose head is parsed: all that is left of the exchange.
runtime::Task<ResponseResult> pass_on(Exchange& exchange, runtime::Socket& node, HeadBytes& bytes,
                                      std::size_t head_bytes, runtime::Stop& stop) {
  Worker& worker = exchange.worker;
  const http::ResponseHead& head = worker.response_head;
  const Body framing = framing_for_client(exchange, head.body);
  if (framing == Body::kUntilClose || exchange.is_last()) exchange.connection.keep_open = false;
  runtime::Buffer out = make_head(exchange, framing);
  if (!out) {
    exchange.fail(Failure::kNodeMalformed, std::string(kHeadTooLarge));
    co_return ResponseResult(true, false);
  }
  exchange.node_time = exchange.uploading ? Duration::zero() : worker.io.now() - exchange.request_sent;
  exchange.node->answered_after(exchange.node_time, worker.io.now());
  note_keep_alive(exchange);
  const bool node_keeps_open = head.keep_alive;
  bytes.drop_head(head_bytes);

  BodyFacts facts{http::Sender::kNode, head.body, head.content_length, http::listed(head.named_by_connection)};
  BodyReader reader(worker.io, node, std::move(facts), bytes.take_rest(), runtime::BufferSize::kLarge);
  const Result<std::string_view> first = reader.take_buffered();
  if (!first) {
    // Nothing has been sent: the client can still be told.
    exchange.fail(Failure::kNodeMalformed, "within the body: " + std::string(reader.problem()));
    co_return ResponseResult(true, false);
  }
  exchange.status = head.status;
  exchange.response_begun = true;
  const bool whole = reader.finished();
  bool has_rest = reader.has_rest();
  // The node can serve the next request while this response is still on its way to the client.
  const bool reusable = node_keeps_open && !exchange.has_streaming_body();
  if (whole && reusable && !has_rest) exchange.node->pool().give(std::move(node));
  Status sent;
  const bool copied = framing != Body::kChunked && first->size() <= kCopiedBodyBytesMost && out.append(*first);
  if (copied) {
    const std::size_t first_bytes = first->size();
    if (whole) reader.take_rest().reset();  // the next response is received into the same warm block
    const runtime::Wait wait = exchange.wait_for_bytes(stop);
    sent = co_await worker.io.send(exchange.connection.socket, out.view(), wait);
    if (sent) exchange.sent_bytes += first_bytes;
  } else {
    const std::string trailers = whole ? trailers_for_client(exchange, reader) : std::string();
    sent = co_await send_content(exchange, framing, out.view(), *first, whole, trailers, stop);
  }
  out.reset();
  if (!sent) {
    fail_client(exchange, sent.error());
    co_return ResponseResult(true, false);
  }
  const bool relayed = whole || co_await relay_body(exchange, framing, reader, stop);
  if (!whole) has_rest = reader.has_rest();
  co_return ResponseResult(true, relayed && node_keeps_open && !has_rest);
}

// The protocols that the node was offered, from its request: a client's own fields of that name never stand there.
std::string_view offered_protocols(const Exchange& exchange) {
  constexpr std::string_view kLine = "\r\nUpgrade: ";
  const std::string_view head = exchange.head_bytes();
  const std::size_t at = head.find(kLine) + kLine.size();
  return head.substr(at, head.find("\r\n", at) - at);
}

// What is wrong with the 101 in worker.response_head; empty when nothing is (RFC 9110, section 7.8).
std::string_view problem_of_switch(const Exchange& exchange) {
  if (!exchange.wants_upgrade) return "101 where no upgrade was asked for";
  std::string_view chosen = exchange.worker.response_head.upgrade;
  if (chosen.empty()) return "101 without an Upgrade field that says to what";
  while (!chosen.empty()) {
    const std::string_view protocol = http::take_element(chosen, http::Quotes::kNone);
    if (!http::lists_token(offered_protocols(exchange), protocol)) return "101 to a protocol that was not offered";
  }
  return {};
}

// The protocol changes when the request is whole (RFC 9110, section 7.8): a node that is ahead of its client has to
// wait. What the client sent behind its request is in connection.rest then. False with exchange.failure set.
[[gnu::noinline]] runtime::Task<bool> end_upload(Exchange& exchange, Upload& upload) {
  const bool begun = exchange.received_bytes > 0 || upload.state != Upload::State::kRunning;
  if (exchange.expects_continue && !begun && !upload.continued.requested()) {
    exchange.fail(Failure::kNodeMalformed, "101 to a client that still waits for its 100");
    co_return false;
  }
  co_await upload.running.join();
  switch (upload.state) {
    case Upload::State::kComplete:
      exchange.connection.rest = upload.reader.take_rest();
      co_return true;
    case Upload::State::kNodeGone:
      exchange.fail(Failure::kNodeClosed, "within the request's body");
      co_return false;
    default:
      exchange.fail(upload.failure == Failure::kNone ? Failure::kShuttingDown : upload.failure, upload.detail);
      co_return false;
  }
}

// 100, 101 and 103 go to the client at once, unless it could not understand them. False with exchange.failure set.
[[gnu::noinline]] runtime::Task<bool> pass_on_interim(Exchange& exchange, HeadBytes& bytes, std::size_t head_bytes,
                                                      Upload* upload, runtime::Stop& stop) {
  const int status = exchange.worker.response_head.status;
  std::string_view problem = status == 101 ? problem_of_switch(exchange) : std::string_view();
  const runtime::Buffer head = make_head(exchange, Body::kNone);
  if (!head) problem = kHeadTooLarge;
  bytes.drop_head(head_bytes);
  if (!problem.empty()) {
    exchange.fail(Failure::kNodeMalformed, std::string(problem));
    co_return false;
  }
  if (status == 101 && upload != nullptr) {
    const bool whole = co_await end_upload(exchange, *upload);
    if (!whole) co_return false;
  }
  if (exchange.version != http::Version::k11) co_return true;
  const runtime::Wait wait = exchange.wait_for_bytes(stop);
  const Status sent = co_await exchange.io().send(exchange.connection.socket, head.view(), wait);
  if (!sent) fail_client(exchange, sent.error());
  if (sent && status == 100 && upload != nullptr) upload->continued.request();
  co_return sent.has_value();
}

// What comes without a break never lets a receive see its deadline.
void limit_interim(Exchange& exchange, int responses) {
  if (responses > kInterimResponsesMost) exchange.fail(Failure::kNodeMalformed, "too many interim responses");
  if (exchange.io().now() >= response_deadline(exchange))
    exchange.fail(Failure::kNodeTimeout, "only interim responses came");
}

}  // namespace

Failure failure_of_node(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kTimeout:
      return Failure::kNodeTimeout;
    case ErrorKind::kCanceled:
      return Failure::kShuttingDown;
    case ErrorKind::kLimit:
    case ErrorKind::kExhausted:
      return Failure::kInternal;
    default:
      return Failure::kNodeClosed;
  }
}

runtime::Task<ResponseResult> receive_response(Exchange& exchange, runtime::Socket& node, runtime::Stop& stop,
                                               Upload* upload) {
  HeadBytes bytes;
  bool any_byte = false;
  std::size_t seen = 0;
  int interim_responses = 0;
  while (exchange.failure == Failure::kNone) {
    const std::size_t head_bytes = parse_head(exchange, bytes.view(), seen);
    if (exchange.failure != Failure::kNone) break;
    if (head_bytes == 0) {
      seen = bytes.view().size();
      const Instant soon = exchange.io().now() + kWatchedAfter;
      const runtime::Wait wait(std::min(response_deadline(exchange), soon), &stop);
      Result<runtime::Buffer> read = co_await exchange.io().recv(node, runtime::BufferSize::kLarge, wait);
      if (!read && read.error().kind == ErrorKind::kTimeout) read = co_await receive_watched(exchange, node, stop);
      if (read) {
        any_byte = true;
        exchange.node->counters.bytes_received += read->size();
        bytes.append(std::move(*read));
      } else if (exchange.failure == Failure::kNone) {
        exchange.fail(failure_of_node(read.error()), to_string(read.error()));
      }
      continue;
    }
    seen = 0;
    const int status = exchange.worker.response_head.status;
    if (status >= 200) {
      // A client that is still sending what nobody will read cannot be told apart from its next request.
      const bool whole = upload == nullptr || upload->state == Upload::State::kComplete;
      exchange.connection.keep_open &= whole;
      co_return co_await pass_on(exchange, node, bytes, head_bytes, stop);
    }
    limit_interim(exchange, ++interim_responses);
    if (exchange.failure != Failure::kNone) break;
    const bool passed = co_await pass_on_interim(exchange, bytes, head_bytes, upload, stop);
    if (passed && status == 101) {
      exchange.status = 101;
      exchange.response_begun = true;
      exchange.connection.keep_open = false;
      co_await run_tunnel(exchange, node, bytes.take_rest());
      break;
    }
  }
  co_return ResponseResult(any_byte, false);
}

}  // namespace tenfold::web
