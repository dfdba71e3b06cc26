// SPDX-License-Identifier: Apache-2.0
// Requests of Redis: taken only whole, whatever stands behind them; and what was read is written as what reads the
// same.
#include <cstdint>
#include <string>

#include "require.h"
#include "wire/resp/request.h"

namespace {

using namespace tenfold::resp;

constexpr RequestLimits kLimits{.bulk_bytes_most = 4096, .request_bytes_most = 16384, .arguments_most = 1024};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Request request;
  const ParseOutcome outcome = parse_request(text, kLimits, request);
  if (outcome.state == ParseState::kError) return require(outcome.reply.starts_with('-')), 0;
  if (outcome.state == ParseState::kNeedMore) return require(outcome.wanted == 0 || outcome.wanted > size), 0;
  require(outcome.consumed > 0 && outcome.consumed <= size);
  const std::string whole(text.substr(0, outcome.consumed));  // a copy of just its size
  Request again;
  const ParseOutcome alone = parse_request(whole, kLimits, again);
  require(alone.state == outcome.state && alone.consumed == whole.size());
  for (std::size_t cut = 0; cut < whole.size(); cut += 1 + cut / 16) {
    const ParseOutcome part = parse_request(std::string_view(whole).substr(0, cut), kLimits, again);
    require(part.state == ParseState::kNeedMore && part.wanted <= whole.size());
  }
  if (outcome.state == ParseState::kEmpty) return 0;
  std::string written;
  write_request(request.arguments, written);
  const ParseOutcome read = parse_request(written, kLimits, again);
  require(request.is_inline || written == whole);
  require(read.state == ParseState::kComplete ? again.arguments == request.arguments : request.is_inline);
  return 0;
}
