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
  if (is_hidden(rule_, reply.bytes)) return complete({});
  const bool has_flags =
      reply.bytes.starts_with("VA ") || reply.bytes.starts_with("HD") || reply.bytes.starts_with("EN");
  if (!has_flags) return complete(reply.bytes);
  const std::size_t line_end = reply.bytes.find("\r\n");
  std::string text(reply.bytes.substr(0, line_end));
  (text += " k") += word_;
  (text += " b") += reply.bytes.substr(line_end);
  complete(text);
}

void KeyTeller::on_failure(const LinkFailure& failure) {
  ++endpoint_->counters.errors;
  complete(error_reply(false, failure.text));
}

void KeyTeller::complete(std::string_view text) {
  if (client == nullptr) {
    delete this;
    return;
  }
  Reply reply{.bytes = text};
  client->complete(*this, reply);
}

}  // namespace tenfold::cache
