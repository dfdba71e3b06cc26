// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kAnswerBytesMost = 4096;

// What is asked, and how the good answer begins. With `fault_of`, the rest of that must have no fault: the outcome is
// empty, or the fault in it; nothing when not all has come.
struct Question {
  std::string bytes;
  std::string_view name;
  std::string wanted;
  std::function<std::optional<std::string>(std::string_view rest)> fault_of = {};

  std::optional<std::string> fault(std::string_view answer) const {
    return fault_of && answer.starts_with(wanted) ? fault_of(answer.substr(wanted.size())) : std::string();
  }
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

// "34\r\n# Keyspace\r\ndb3:keys=17,…\r\n": the line of one of the first databases.
std::optional<std::string> keys_in(std::string_view bulk, std::uint32_t databases) {
  const std::size_t head = bulk.find("\r\n");
  const auto size = parse_decimal(bulk.substr(0, std::min(head, bulk.size())));
  if (head == bulk.npos || !size || bulk.size() < head + 2 + *size + 2) return std::nullopt;
  constexpr std::string_view kLine = "\ndb";
  for (std::size_t at = bulk.find(kLine); at != bulk.npos; at = bulk.find(kLine, at + 1)) {
    const std::string_view line = bulk.substr(at + 1, bulk.find('\r', at) - at - 1);
    const auto database = parse_decimal(line.substr(2, line.find(':') - 2));
    if (!database || *database < databases) return std::string(line);
  }
  return std::string();
}

Question is_alive(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"version\r\n", "version", "VERSION "};
  return redis_question(settings, "PING", "+PONG");
}

Question is_empty(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"flush_all\r\n", "flush_all", "OK\r\n"};
  if (settings.is_store() && settings.databases == 1) return redis_question(settings, "DBSIZE", ":0\r\n");
  if (settings.is_store()) {
    Question question = redis_question(settings, "INFO KEYSPACE", "$");
    question.fault_of = [databases = settings.databases](std::string_view rest) { return keys_in(rest, databases); };
    return question;
  }
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
    const bool has_come = answer.size() >= question.wanted.size() && answer.ends_with('\n') && question.fault(answer);
    if (is_error || has_come) break;
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
  const std::string fault = answer ? question.fault(*answer).value_or("too long an answer") : std::string();
  report.ok = answer.has_value() && answer->starts_with(question.wanted) && fault.empty();
  const std::string said = fault.empty() && answer ? shown(*answer) : fault;
  report.detail = fmt::format("{}: {} after {}", asked, answer ? said : to_string(answer.error()), took);
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
