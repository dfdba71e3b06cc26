// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/links/interview.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kClientListBytesMost = 16 << 20;  // about forty thousand connections

// -- Alive, and empty ----------------------------------------------------------------------------------------------

Question is_alive(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"version\r\n", "version", "VERSION "};
  return redis_question(settings, "PING", "PING\r\n", "+PONG");
}

// "# Keyspace\r\ndb3:keys=17,…\r\n": the line of one of the first databases; empty when there is none.
std::string keys_in(std::string_view text, std::uint32_t databases) {
  constexpr std::string_view kLine = "\ndb";
  for (std::size_t at = text.find(kLine); at != text.npos; at = text.find(kLine, at + 1)) {
    const std::string_view line = text.substr(at + 1, text.find('\r', at) - at - 1);
    const auto database = parse_decimal(line.substr(2, line.find(':') - 2));
    if (!database || *database < databases) return std::string(line);
  }
  return {};
}

Question is_empty(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"flush_all\r\n", "flush_all", "OK\r\n"};
  if (!settings.is_store()) return redis_question(settings, "FLUSHALL", "FLUSHALL\r\n", "+OK\r\n");
  if (settings.databases == 1) return redis_question(settings, "DBSIZE", "DBSIZE\r\n", ":0\r\n");
  Question question = redis_question(settings, "INFO KEYSPACE", "INFO KEYSPACE\r\n", "$");
  question.fault_of = [databases = settings.databases](std::string_view rest) -> std::optional<std::string> {
    const auto text = text_in(rest);
    if (!text) return std::nullopt;
    return keys_in(*text, databases);
  };
  return question;
}

// -- Users for moves -----------------------------------------------------------------------------------------------

// Each line of it is a reply.
std::optional<std::string> fault_of_lines(std::string_view rest, std::ptrdiff_t lines) {
  if (std::ranges::count(rest, '\n') < lines) return std::nullopt;
  return std::string();
}

// Answered with how many there were: none, at a node that has been started since.
Question deletion(const cluster::CacheSettings& settings, const std::vector<std::string>& users) {
  std::vector<std::string_view> words = {"ACL", "DELUSER"};
  words.insert(words.end(), users.begin(), users.end());
  std::string request;
  resp::write_request(words, request);
  Question question = redis_question(settings, "ACL DELUSER", request, ":");
  question.fault_of = [](std::string_view rest) { return fault_of_lines(rest, 1); };
  return question;
}

Question creation(const cluster::CacheSettings& settings, const cluster::MoveUser& user) {
  const std::string password = ">" + user.password;
  std::string request;
  resp::write_request({"ACL", "SETUSER", user.name, "reset", "on", password, "~*", "+restore", "+select"}, request);
  return redis_question(settings, "ACL SETUSER", request, "+OK\r\n");
}

Question all_clients(const cluster::CacheSettings& settings) {
  Question question = redis_question(settings, "CLIENT LIST", "CLIENT LIST TYPE normal\r\n", "$");
  question.answer_bytes_most = kClientListBytesMost;
  question.fault_of = [](std::string_view rest) -> std::optional<std::string> {
    if (!text_in(rest)) return std::nullopt;
    return std::string();
  };
  return question;
}

// "id=7 addr=… cmd=NULL user=default …": the ids of those that have never sent a command.
std::vector<std::string_view> silent_clients(std::string_view list) {
  std::vector<std::string_view> ids;
  while (!list.empty()) {
    const std::string_view line = list.substr(0, list.find('\n'));
    list.remove_prefix(std::min(line.size() + 1, list.size()));
    constexpr std::string_view kId = "id=";
    if (line.starts_with(kId) && line.contains(" cmd=NULL "))
      ids.push_back(line.substr(kId.size(), line.find(' ') - kId.size()));
  }
  return ids;
}

Question killing(const cluster::CacheSettings& settings, const std::vector<std::string_view>& ids) {
  std::string request;
  for (std::string_view id : ids) resp::write_request({"CLIENT", "KILL", "ID", id}, request);
  Question question = redis_question(settings, "CLIENT KILL", request, ":");
  question.answer_bytes_most = kClientListBytesMost;
  const auto lines = static_cast<std::ptrdiff_t>(ids.size());
  question.fault_of = [lines](std::string_view rest) { return fault_of_lines(rest, lines); };
  return question;
}

// A node without a password takes every connection for the default user's, until it logs in: so those go over which
// nothing has come yet, for it may be a log-in as a user who is no more, and a key behind it.
runtime::Task<cluster::ProbeReport> end_silent_clients(Interview& interview, const cluster::CacheSettings& settings) {
  cluster::ProbeReport report = co_await interview.ask(all_clients(settings));
  if (!report.ok) co_return report;
  const std::string list(text_in(interview.answer()).value_or(std::string_view()));
  const std::vector<std::string_view> ids = silent_clients(list);
  if (!ids.empty()) report = co_await interview.ask(killing(settings, ids));
  co_return report;
}

}  // namespace

runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node) {
  Interview interview(io, service, node);
  co_return co_await interview.ask(is_alive(service.cache()));
}

runtime::Task<cluster::ProbeReport> empty_node(runtime::Io& io, const cluster::Service& service,
                                               const cluster::NodeSpec& node) {
  // What is built in holds nothing while it is in no ring (cache_plane.cc).
  if (node.address.is_built_in()) co_return cluster::ProbeReport{.ok = true, .detail = {}};
  Interview interview(io, service, node);
  cluster::ProbeReport report = co_await interview.ask(is_empty(service.cache()));
  if (!report.ok && service.cache().is_store())
    report.detail += "; a node that joins a store must be empty: flush it, or set persistent = false";
  co_return report;
}

runtime::Task<cluster::ProbeReport> change_move_users(runtime::Io& io, const cluster::Service& service,
                                                      const cluster::NodeSpec& node, planes::MoveUserChange change) {
  Interview interview(io, service, node);
  cluster::ProbeReport report{.ok = true, .detail = {}};
  if (!change.leaving.empty()) report = co_await interview.ask(deletion(service.cache(), change.leaving));
  // Whatever had connected by then is accepted by now.
  if (report.ok && change.in_doubt) report = co_await end_silent_clients(interview, service.cache());
  if (report.ok && !change.coming.name.empty())
    report = co_await interview.ask(creation(service.cache(), change.coming));
  co_return report;
}

}  // namespace tenfold::cache
