// SPDX-License-Identifier: Apache-2.0
// A command of our own to a node, and its reply, for coroutines.
// Thread rule: one worker's thread.
#pragma once

#include <string>
#include <string_view>

#include "planes/cache/links/link.h"
#include "runtime/io.h"
#include "runtime/task.h"

namespace tenfold::cache {

struct Answer {
  bool arrived = false;
  bool never_sent = false;  // and the node has not seen any of it
  std::string text;         // the whole reply; without one, why there is none, for people

  explicit operator bool() const { return arrived; }
};

/// Ends with the reply, or when there will be none: the link's response timeout bounds it.
runtime::Task<Answer> ask(runtime::Io& io, Link& link, std::string request);

}  // namespace tenfold::cache
