// SPDX-License-Identifier: Apache-2.0
// Requests of memcached's binary protocol: any cut of the bytes is taken alike, and what a request is in the text
// protocol is one request there, of the same key and value. Replies in text become packets of just their length.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "wire/memcached/binary_reply.h"
#include "wire/memcached/binary_request.h"
#include "wire/memcached/reply.h"
#include "wire/memcached/request.h"

namespace {

using namespace tenfold::memcached;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_one_request(const BinaryRequest& binary) {
  const std::string text = text_of(binary);
  Request request;
  require(parse_request(text, request).state == ParseState::kComplete);
  require(!request.noreply && !request.quiet && !request.more_keys);
  const bool is_stored = has_value(request.verb) && binary.is_whole();
  require(text.size() == request.line_bytes + (is_stored ? request.value_bytes + 2 : 0));
  if (is_stored) require(std::string_view(text).substr(request.line_bytes, request.value_bytes) == binary.value);
  if (request.key.empty()) return;
  const std::optional<std::string> key = request.base64_key ? decode_base64_key(request.key) : std::string(request.key);
  require(key == binary.key);
}

// Every packet of the reply ends where its header says.
void require_packets(const BinaryReply& reply) {
  const std::string whole = reply.head + std::string(reply.rest);
  for (std::size_t at = 0; at < whole.size();) {
    require(whole.size() - at >= kBinaryHeaderBytes && whole[at] == '\x81');
    std::size_t body = 0;
    for (std::size_t i = 8; i < 12; ++i) body = body << 8 | static_cast<unsigned char>(whole[at + i]);
    require(whole.size() - at >= kBinaryHeaderBytes + body);
    at += kBinaryHeaderBytes + body;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  BinaryRequest request;
  const BinaryOutcome outcome = parse_binary_request(bytes, request);
  if (outcome.state == ParseState::kNeedMore) return require(outcome.wanted_bytes > size), 0;
  for (std::size_t cut = 0; cut < size; cut += 1 + cut / 16) {
    const std::string part(bytes.substr(0, cut));  // a copy of just its size
    BinaryRequest again;
    const BinaryOutcome other = parse_binary_request(part, again);
    if (other.state == ParseState::kNeedMore) continue;
    require(other.state == outcome.state && other.status == outcome.status);
    require(again.opcode == request.opcode && again.request_bytes == request.request_bytes);
  }
  if (outcome.state == ParseState::kError || request.verb == BinaryVerb::kQuit) return 0;
  require_one_request(request);

  // What is behind the request stands for a node's reply, as far as it is one.
  const std::string_view text = bytes.substr(std::min<std::size_t>(request.request_bytes, size));
  const ReplyScanner::Step step = ReplyScanner().scan(text);
  if (step.state == ReplyScanner::State::kComplete)
    require_packets(binary_reply(BinaryCall(request), text.substr(0, step.consumed)));
  return 0;
}
