// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/interview.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

// The first line of an answer, for people; of several, that which is an error.
std::string shown(std::string_view answer) {
  if (const std::size_t error = answer.find("\n-"); error != answer.npos) answer.remove_prefix(error + 1);
  std::string line(answer.substr(0, answer.find_first_of("\r\n")));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return line;
}

}  // namespace

Question redis_question(const cluster::CacheSettings& settings, std::string_view name, std::string_view request,
                        std::string_view wanted) {
  Question question{.bytes = {}, .name = name, .wanted = std::string(wanted)};
  if (!settings.node_password.empty()) {
    std::vector<std::string_view> words = {"AUTH", settings.node_password};
    if (!settings.node_user.empty()) words.insert(words.begin() + 1, settings.node_user);
    resp::write_request(words, question.bytes);
    question.wanted.insert(0, "+OK\r\n");
  }
  question.bytes += request;
  return question;
}

std::optional<std::string_view> text_in(std::string_view bulk) {
  const std::size_t head = bulk.find("\r\n");
  const auto size = parse_decimal(bulk.substr(0, std::min(head, bulk.size())));
  if (head == bulk.npos || !size || bulk.size() < head + 2 + *size + 2) return std::nullopt;
  return bulk.substr(head + 2, *size);
}

runtime::Task<Status> Interview::converse(const Question& question) {
  answer_.clear();
  if (!socket_) {
    Result<runtime::Socket> socket = co_await io_.connect(node_.address, wait());
    if (!socket) co_return std::unexpected(socket.error());
    socket_ = std::move(*socket);
  }
  const Status sent = co_await io_.send(socket_, question.bytes, wait());
  if (!sent) co_return sent;
  while (answer_.size() < question.answer_bytes_most) {
    const Result<runtime::Buffer> read = co_await io_.recv(socket_, runtime::BufferSize::kSmall, wait());
    if (!read) co_return std::unexpected(read.error());
    answer_ += read->view();
    const bool is_error = answer_.starts_with('-') && answer_.contains('\n');
    const bool has_come =
        answer_.size() >= question.wanted.size() && answer_.ends_with('\n') && question.fault(answer_);
    if (is_error || has_come) break;
  }
  co_return Status();
}

runtime::Task<cluster::ProbeReport> Interview::ask(Question question) {
  const Status answered = co_await converse(question);
  cluster::ProbeReport report;
  const auto found = answered ? question.fault(answer_) : std::optional(std::string());
  const std::string fault = found.value_or("too long an answer");
  report.is_at_fault = found && !fault.empty();
  const std::string said = fault.empty() ? shown(answer_) : fault;
  const bool is_tolerated = !question.tolerated.empty() && said.starts_with(question.tolerated);
  report.ok = answered.has_value() && (is_tolerated || (answer_.starts_with(question.wanted) && fault.empty()));
  // Those that it has may be served as well as ever; whether they are, they tell.
  const bool is_full = answered.has_value() && said.starts_with("-ERR max number of clients");
  report.inconclusive = is_full || (!answered && answered.error().kind == ErrorKind::kExhausted);
  report.refused = answered.has_value() && (said.starts_with("-NOPERM") || said.starts_with("-ERR unknown command"));
  report.detail = fmt::format("{} to {}: {} after {}ms of {}", question.name, node_.address.to_text(),
                              answered ? said : to_string(answered.error()), to_milliseconds(io_.now() - began_),
                              to_text(timeout_));
  co_return report;
}

}  // namespace tenfold::cache
