// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/node_calls.h"

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "planes/cache/links/interview.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

// -- Alive, and empty ----------------------------------------------------------------------------------------------

Question is_alive(const cluster::CacheSettings& settings) {
  if (settings.protocol == cluster::CacheProtocol::kMemcached) return {"version\r\n", "version", "VERSION "};
  Question question = redis_question(settings, "PING", "PING\r\n", "+PONG");
  // What cannot save takes no writes, and refuses PING so that it is noticed. A cache has other nodes for its keys;
  // those of a store can still be read there.
  if (settings.is_store()) question.tolerated = "-MISCONF";
  return question;
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
  if (settings.databases == 1) {
    Question question = redis_question(settings, "DBSIZE", "DBSIZE\r\n", ":");
    question.fault_of = [](std::string_view rest) -> std::optional<std::string> {
      const std::string_view count = rest.substr(0, rest.find('\r'));
      return count == "0" ? std::string() : fmt::format("{} key{}", count, count == "1" ? "" : "s");
    };
    return question;
  }
  Question question = redis_question(settings, "INFO KEYSPACE", "INFO KEYSPACE\r\n", "$");
  question.fault_of = [databases = settings.databases](std::string_view rest) -> std::optional<std::string> {
    const auto text = text_in(rest);
    if (!text) return std::nullopt;
    return keys_in(*text, databases);
  };
  return question;
}

// -- Users for moves -----------------------------------------------------------------------------------------------

std::string set_user(const cluster::MoveUser& user, std::initializer_list<std::string_view> rights) {
  const std::string password = ">" + user.password;
  std::vector<std::string_view> words = {"ACL", "SETUSER", user.name, "reset", "on", password};
  words.insert(words.end(), rights);
  std::string request;
  resp::write_request(words, request);
  return request;
}

// What follows the first of so many replies: the one that is not +OK, if any.
std::optional<std::string> fault_of_others(std::string_view rest, std::size_t others) {
  for (; others > 0; --others) {
    const std::size_t end = rest.find("\r\n");
    if (end == rest.npos) return std::nullopt;
    if (!rest.starts_with("+OK")) return std::string(rest.substr(0, end));
    rest.remove_prefix(end + 2);
  }
  return std::string();
}

// A node that was started since knows them again by this, without a right.
Question revocation(const cluster::CacheSettings& settings, const std::vector<cluster::MoveUser>& users) {
  std::string request;
  for (const cluster::MoveUser& user : users) request += set_user(user, {});
  Question question = redis_question(settings, "ACL SETUSER", request, "+OK\r\n");
  question.fault_of = [others = users.size() - 1](std::string_view rest) { return fault_of_others(rest, others); };
  return question;
}

// Answered with how many there were: none, at a node that has been started since.
Question deletion(const cluster::CacheSettings& settings, const std::vector<std::string>& names) {
  std::vector<std::string_view> words = {"ACL", "DELUSER"};
  words.insert(words.end(), names.begin(), names.end());
  std::string request;
  resp::write_request(words, request);
  return redis_question(settings, "ACL DELUSER", request, ":");
}

Question creation(const cluster::CacheSettings& settings, const cluster::MoveUser& user) {
  return redis_question(settings, "ACL SETUSER", set_user(user, {"~*", "+restore", "+select"}), "+OK\r\n");
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
  report.has_keys = service.cache().is_store() && report.is_at_fault;
  if (!report.ok && service.cache().is_store())
    report.detail += "; a node that joins a store must be empty: flush it, or set persistent = false";
  co_return report;
}

runtime::Task<cluster::ProbeReport> change_move_users(runtime::Io& io, const cluster::Service& service,
                                                      const cluster::NodeSpec& node, planes::MoveUserChange change) {
  Interview interview(io, service, node);
  cluster::ProbeReport report{.ok = true, .detail = {}};
  if (!change.leaving.empty()) report = co_await interview.ask(revocation(service.cache(), change.leaving));
  if (report.ok && !change.forgotten.empty())
    report = co_await interview.ask(deletion(service.cache(), change.forgotten));
  if (report.ok && !change.coming.name.empty())
    report = co_await interview.ask(creation(service.cache(), change.coming));
  co_return report;
}

runtime::Task<std::string> run_of_node(runtime::Io& io, const cluster::Service& service,
                                       const cluster::NodeSpec& node) {
  std::string run;
  Question question = redis_question(service.cache(), "INFO SERVER", "INFO SERVER\r\n", "$");
  question.fault_of = [&run](std::string_view rest) -> std::optional<std::string> {
    const auto text = text_in(rest);
    if (!text) return std::nullopt;
    run = run_in(*text);
    return std::string();
  };
  Interview interview(io, service, node);
  static_cast<void>(co_await interview.ask(std::move(question)));
  co_return run;
}

std::string run_in(std::string_view text) {
  constexpr std::string_view kField = "\nrun_id:";
  const std::size_t at = text.find(kField);
  if (at == text.npos) return {};
  const std::size_t begin = at + kField.size();
  return std::string(text.substr(begin, text.find_first_of("\r\n", begin) - begin));
}

}  // namespace tenfold::cache
