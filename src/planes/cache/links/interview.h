// SPDX-License-Identifier: Apache-2.0
// Questions to a node over a connection of their own, one after the other, with one deadline for all.
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/node_health.h"
#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

/// What is asked, and how the good answer begins. With `fault_of`, the rest of that must have no fault: the outcome is
/// empty, or the fault in it; nothing when not all has come. An error that begins with `tolerated` is as good.
struct Question {
  std::string bytes;
  std::string_view name;
  std::string wanted;
  std::function<std::optional<std::string>(std::string_view rest)> fault_of = {};
  std::string_view tolerated = {};
  std::size_t answer_bytes_most = 4096;

  std::optional<std::string> fault(std::string_view answer) const {
    return fault_of && answer.starts_with(wanted) ? fault_of(answer.substr(wanted.size())) : std::string();
  }
};

/// To a Redis node, behind the log-in that it may want.
Question redis_question(const cluster::CacheSettings& settings, std::string_view name, std::string_view request,
                        std::string_view wanted);

/// "34\r\n…\r\n": the text of a bulk string, behind its $; nothing when not all has come.
std::optional<std::string_view> text_in(std::string_view bulk);

class Interview {
 public:
  /// Both outlive it. The health settings' timeout begins now.
  Interview(runtime::Io& io, const cluster::Service& service, const cluster::NodeSpec& node)
      : Interview(io, node, service.health.timeout) {}
  /// The same, with another one.
  Interview(runtime::Io& io, const cluster::NodeSpec& node, Duration timeout)
      : io_(io), node_(node), began_(io.now()), timeout_(timeout) {}

  /// Connects first, if need be.
  runtime::Task<cluster::ProbeReport> ask(Question question);

 private:
  runtime::Wait wait() const { return runtime::Wait(began_ + timeout_, nullptr); }
  runtime::Task<Status> converse(const Question& question);

  runtime::Io& io_;
  const cluster::NodeSpec& node_;
  Instant began_;
  Duration timeout_;
  runtime::Socket socket_;
  std::string answer_;
};

}  // namespace tenfold::cache
