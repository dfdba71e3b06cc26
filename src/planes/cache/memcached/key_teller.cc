// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/memcached/key_teller.h"

#include "planes/cache/client/client.h"

namespace tenfold::cache {

bool must_tell_key(const memcached::Request& request, std::string_view key) {
  if (request.verb != memcached::Verb::kMetaGet || !request.base64_key || !key.contains('\n')) return false;
  std::string_view flags = request.flags;
  for (std::string_view flag = memcached::next_key(flags); !flag.empty(); flag = memcached::next_key(flags)) {
    if (flag.front() == 'k') return true;
  }
  return false;
}

void KeyTeller::on_reply(Reply& reply) {
  count_lookup(endpoint_->counters, Lookup::kMeta, 1, reply.bytes);
  if (is_hidden(rule_, reply.bytes)) return answer({});
  const bool has_flags =
      reply.bytes.starts_with("VA ") || reply.bytes.starts_with("HD") || reply.bytes.starts_with("EN");
  if (!has_flags) return answer(reply.bytes);
  const std::size_t line_end = reply.bytes.find("\r\n");
  std::string text(reply.bytes.substr(0, line_end));
  (text += " k") += word_;
  (text += " b") += reply.bytes.substr(line_end);
  answer(text);
}

void KeyTeller::on_failure(const LinkFailure& failure) {
  ++endpoint_->counters.errors;
  answer(error_reply(false, failure.text));
}

}  // namespace tenfold::cache
