// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/links/functions.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "planes/cache/links/interview.h"
#include "wire/resp/request.h"

namespace tenfold::cache {
namespace {

constexpr std::size_t kNoneBytes = 10;  // a dump of no functions: a version and a checksum
constexpr std::size_t kDumpBytesMost = 64 << 20;

}  // namespace

runtime::Task<cluster::ProbeReport> give_functions(runtime::Io& io, const cluster::Service& service,
                                                   const cluster::NodeSpec& from, const cluster::NodeSpec& to) {
  std::string dump;
  std::string request;
  resp::write_request({"FUNCTION", "DUMP"}, request);
  Question ask = redis_question(service.cache(), "FUNCTION DUMP", request, "$");
  ask.answer_bytes_most = kDumpBytesMost;
  ask.fault_of = [&dump](std::string_view rest) -> std::optional<std::string> {
    const auto text = text_in(rest);
    if (!text) return std::nullopt;
    dump = *text;
    return std::string();
  };
  Interview giving(io, service, from);
  const cluster::ProbeReport told = co_await giving.ask(std::move(ask));
  if (!told.ok || dump.size() <= kNoneBytes) co_return cluster::ProbeReport{.ok = true, .detail = {}};
  request.clear();
  resp::write_request({"FUNCTION", "RESTORE", dump, "REPLACE"}, request);
  Interview taking(io, service, to);
  cluster::ProbeReport taken =
      co_await taking.ask(redis_question(service.cache(), "FUNCTION RESTORE", request, "+OK\r\n"));
  if (!taken.ok)
    taken.detail = fmt::format("node {} does not take the functions of node {}: {}", to.address.to_text(),
                               from.address.to_text(), taken.detail);
  co_return taken;
}

}  // namespace tenfold::cache
