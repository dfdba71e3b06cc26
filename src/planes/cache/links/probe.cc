// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/probe.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kAnswerBytesMost = 512;

// What is asked, and how the good answer begins.
struct Question {
  std::string bytes;
  std::string_view name;
  std::string wanted;
};

// To a Redis node, behind the log-in that it may want.
Question redis_question(const cluster::CacheSettings& settings, std::string_view command, std::string_view wanted) {
  Question question{.bytes = {}, .name = command, .wanted = std::string(wanted)};
  if (!settings.node_password.empty()) {
    std::vector<std::string_view> words = {"AUTH", settings.node_password};
    if (!settings.node_user.empty()) words.insert(words.begin() + 1, settings.node_user);
    resp::write_request(words, question.bytes);
    question.wanted.insert(0, "+OK\r\n");
  }
  (question.bytes += command) += "\r\n";
  return question;
}

Question is_alive(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"version\r\n", "version", "VERSION "};
  return redis_question(settings, "PING", "+PONG");
}

Question is_empty(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"flush_all\r\n", "flush_all", "OK\r\n"};
  if (settings.is_store()) return redis_question(settings, "DBSIZE", ":0\r\n");
  return redis_question(settings, "FLUSHALL", "+OK\r\n");
}

// The start of an answer, for people.
std::string shown(std::string answer) {
  answer.resize(std::min(answer.find_first_of("\r\n"), answer.size()));
  for (char& c : answer) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return answer;
}

runtime::Task<Result<std::string>> ask(runtime::Io& io, const Address& address, const Question& question,
                                       runtime::Wait wait) {
  Result<runtime::Socket> socket = co_await io.connect(address, wait);
  if (!socket) co_return std::unexpected(socket.error());
  const Status sent = co_await io.send(*socket, question.bytes, wait);
  if (!sent) co_return std::unexpected(sent.error());
  std::string answer;
  while (answer.size() < kAnswerBytesMost) {
    const Result<runtime::Buffer> read = co_await io.recv(*socket, runtime::BufferSize::kSmall, wait);
    if (!read) co_return std::unexpected(read.error());
    answer += read->view();
    const bool is_error = answer.starts_with('-') && answer.contains('\n');
    if (is_error || (answer.size() >= question.wanted.size() && answer.ends_with('\n'))) break;
  }
  co_return answer;
}

runtime::Task<cluster::ProbeReport> report_on(runtime::Io& io, const cluster::Service& service,
                                              const cluster::NodeSpec& node, Question question) {
  const Duration timeout = service.health.timeout;
  const Instant began = io.now();
  const Result<std::string> answer = co_await ask(io, node.address, question, runtime::Wait(began + timeout, nullptr));
  const std::string asked = fmt::format("{} to {}", question.name, node.address.to_text());
  const std::string took = fmt::format("{}ms of {}", to_milliseconds(io.now() - began), to_text(timeout));
  cluster::ProbeReport report;
  report.inconclusive = !answer && answer.error().kind == ErrorKind::kExhausted;
  report.ok = answer.has_value() && answer->starts_with(question.wanted);
  report.detail = fmt::format("{}: {} after {}", asked, answer ? shown(*answer) : to_string(answer.error()), took);
  co_return report;
}

}  // namespace

runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node) {
  co_return co_await report_on(io, service, node, is_alive(service.cache()));
}

runtime::Task<cluster::ProbeReport> empty_node(runtime::Io& io, const cluster::Service& service,
                                               const cluster::NodeSpec& node) {
  // What is built in holds nothing while it is in no ring (cache_plane.cc).
  if (node.address.is_built_in()) co_return cluster::ProbeReport{.ok = true, .detail = {}};
  cluster::ProbeReport report = co_await report_on(io, service, node, is_empty(service.cache()));
  if (!report.ok && service.cache().is_store())
    report.detail += "; a node that joins a store must be empty: flush it, or set persistent = false";
  co_return report;
}

}  // namespace tenfold::cache
