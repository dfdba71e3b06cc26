// SPDX-License-Identifier: Apache-2.0
// load: an open-loop load generator. Requests are due on a fixed schedule, whatever becomes of those before them, and
// each one's latency counts from when it was due: a server that stalls cannot hide it by being asked less
// ("coordinated omission"). Nothing is retried: every failed or wrong reply counts. Exit code 1 when there was any.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <deque>
#include <memory>

#include "load/plan.h"
#include "load/report.h"
#include "runtime/native/open_io.h"
#include "runtime/scope.h"
#include "runtime/wait_queue.h"
#include "wire/http/chunked.h"
#include "wire/http/parse_head.h"

namespace tenfold::load {
namespace {

using namespace std::chrono_literals;

// The run: requests that are due, and the callers that take them.
struct Run {
  Run(runtime::Io& of, const Plan& to) : io(of), plan(to), began(of.now()) {}
  runtime::Io& io;
  const Plan& plan;
  Instant began;
  std::deque<Instant> due;
  runtime::WaitQueue work;
  bool ending = false;
  std::size_t next_path = 0;
  Report report;

  Report::Second& second_now() {
    const auto index = static_cast<std::size_t>(std::max<std::int64_t>(to_milliseconds(io.now() - began) / 1000, 0));
    if (report.seconds.size() <= index) report.seconds.resize(index + 1);
    return report.seconds[index];
  }
};

struct Reply {
  int status = 0;
  std::string server;
  bool keep_alive = false;
};

// Reads one response to its end; the body is dropped.
runtime::Task<Result<Reply>> read_reply(Run& run, runtime::Socket& socket, runtime::Wait wait) {
  std::string bytes;
  const auto head = std::make_unique<http::ResponseHead>();
  http::ParseOutcome outcome;
  for (;;) {
    outcome = bytes.empty() ? http::ParseOutcome() : http::parse_response_head(bytes, http::Method::kGet, *head);
    if (outcome.state == http::ParseState::kError) co_return fail(ErrorKind::kProtocol, outcome.reason);
    if (outcome.state == http::ParseState::kComplete) break;
    const Result<runtime::Buffer> read = co_await run.io.recv(socket, runtime::BufferSize::kLarge, wait);
    if (!read) co_return std::unexpected(read.error());
    bytes += read->view();
  }
  Reply reply{head->status, {}, head->keep_alive};
  if (const http::Field* server = head->fields.find(std::string_view(run.plan.share_field)))
    reply.server = server->value;
  std::uint64_t left = head->content_length;
  const http::Body framing = head->body;
  http::ChunkedDecoder chunks(http::Sender::kNode);
  std::string_view rest = std::string_view(bytes).substr(outcome.head_bytes);
  runtime::Buffer buffer;
  for (;;) {
    if (framing == http::Body::kNone) co_return reply;
    if (framing == http::Body::kLength) {
      left -= std::min<std::uint64_t>(left, rest.size());
      if (left == 0) co_return reply;
    }
    while (framing == http::Body::kChunked && !rest.empty()) {
      const http::ChunkedDecoder::Step step = chunks.step(rest);
      if (step.state == http::ChunkedDecoder::State::kError) co_return fail(ErrorKind::kProtocol, "chunked body");
      if (step.state == http::ChunkedDecoder::State::kEnd) co_return reply;
      rest.remove_prefix(step.consumed);
    }
    Result<runtime::Buffer> read = co_await run.io.recv(socket, runtime::BufferSize::kLarge, wait);
    if (!read && framing == http::Body::kUntilClose && read.error().kind == ErrorKind::kClosed) co_return reply;
    if (!read) co_return fail(ErrorKind::kProtocol, "the body is cut short");
    buffer = std::move(*read);
    rest = buffer.view();
  }
}

runtime::Task<Result<Reply>> ask(Run& run, runtime::Socket& socket) {
  const runtime::Wait wait(run.io.now() + run.plan.timeout, nullptr);
  if (!socket || !run.io.is_quiet(socket)) {
    Result<runtime::Socket> fresh = co_await run.io.connect(run.plan.target, wait);
    if (!fresh) co_return std::unexpected(fresh.error());
    socket = std::move(*fresh);
  }
  const std::string& path = run.plan.paths[run.next_path++ % run.plan.paths.size()];
  const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, run.plan.host);
  const Status sent = co_await run.io.send(socket, request, wait);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await read_reply(run, socket, wait);
}

void count(Run& run, Instant due, const Result<Reply>& reply) {
  Report& report = run.report;
  Report::Second& second = run.second_now();
  const bool good = reply && reply->status >= 200 && reply->status < 400;
  report.latency_us.record(static_cast<std::uint64_t>((run.io.now() - due).count() / 1000));
  if (!good) {
    ++report.failures[reply ? fmt::format("status {}", reply->status) : to_string(reply.error())];
    ++second.failed;
    return;
  }
  ++report.answered;
  ++second.answered;
  if (reply->server.empty()) return;
  ++report.shares[reply->server];
  ++second.shares[reply->server];
}

// One connection: takes what is due until the run ends.
runtime::Task<void> call(Run* run) {
  runtime::Socket socket;
  for (;;) {
    while (run->due.empty()) {
      if (run->ending) co_return;
      static_cast<void>(co_await run->work.wait(run->io, runtime::Wait(run->io.now() + 1s, nullptr)));
    }
    const Instant due = run->due.front();
    run->due.pop_front();
    ++run->report.sent;
    const Result<Reply> reply = co_await ask(*run, socket);
    if (!reply || !reply->keep_alive) socket.close();
    count(*run, due, reply);
  }
}

void show_progress(Run& run) {
  if (isatty(STDERR_FILENO) == 0) return;
  const Report& report = run.report;
  std::fputs(fmt::format("\r{:5.0f} s  {} answered  {} failed  {} waiting   ", to_seconds(run.io.now() - run.began),
                         report.answered, report.failed(), run.due.size())
                 .c_str(),
             stderr);
}

runtime::Task<void> drive(Run* run) {
  runtime::Scope callers;
  for (std::uint32_t i = 0; i < run->plan.connections; ++i) callers.spawn(call(run));
  const auto interval = Duration(static_cast<Duration::rep>(1e9 / run->plan.rate));
  const Instant end = run->began + run->plan.duration;
  std::int64_t shown_second = -1;
  for (Instant next = run->began; next < end;) {
    for (; next <= run->io.now() && next < end; next += interval) {
      run->due.push_back(next);
      run->work.wake_one();
    }
    run->report.outstanding_most = std::max<std::uint64_t>(run->report.outstanding_most, run->due.size());
    const std::int64_t second = to_milliseconds(run->io.now() - run->began) / 1000;
    if (second != shown_second) show_progress(*run);
    shown_second = second;
    static_cast<void>(co_await run->io.sleep_until(next));
  }
  run->ending = true;
  run->work.wake_all();
  co_await callers.join();
}

}  // namespace
}  // namespace tenfold::load

int main(int count, char** values) {
  using namespace tenfold;
  const auto plan = load::Plan::parse(count, values);
  if (!plan) {
    std::fputs(plan.error().c_str(), stderr);
    return 2;
  }
  auto opened = runtime::native::open_io(runtime::native::BackEnd::kEpoll);
  if (!opened) {
    std::fputs((to_string(opened.error()) + "\n").c_str(), stderr);
    return 1;
  }
  load::Run run(*opened->io, *plan);
  opened->io->run(load::drive(&run));
  if (isatty(STDERR_FILENO) != 0) std::fputs("\n", stderr);
  std::fputs((plan->json ? run.report.to_json() : run.report.to_text()).c_str(), stdout);
  return run.report.failed() == 0 && run.report.answered > 0 ? 0 : 1;
}
