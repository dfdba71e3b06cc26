// SPDX-License-Identifier: Apache-2.0
#include "planes/web/intake.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "planes/web/forwarded.h"
#include "wire/http/characters.h"
#include "wire/http/head_writer.h"
#include "wire/http/list.h"
#include "wire/http/target.h"
#include "wire/http/trailers.h"

namespace tenfold::web {
namespace {

using http::FieldName;

constexpr std::size_t kTraceparentBytes = 55;  // "00-" 32 hex "-" 16 hex "-" 2 hex

LocalPtr<WebService> find_service(const Exchange& exchange, const http::RequestHead& head, std::string_view target) {
  const Table& table = *exchange.worker.table;
  const cluster::ListenerRoutes* routes = table.routes.find(exchange.connection.listener->address);
  if (routes == nullptr) return {};
  const int index = routes->find(head.host, target == "*" ? "/" : http::path_of(target));
  if (index == cluster::ListenerRoutes::kNone) return {};
  return table.services[static_cast<std::size_t>(index)];
}

// The two digits of each byte.
consteval std::array<std::array<char, 2>, 256> make_hex_pairs() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 15]};
  return pairs;
}

void append_hex(char*& at, std::uint64_t value) {
  static constexpr auto kPairs = make_hex_pairs();
  for (int shift = 56; shift >= 0; shift -= 8) at = std::ranges::copy(kPairs[value >> shift & 255], at).out;
}

bool is_traceparent(std::string_view text) {
  if (text.size() != kTraceparentBytes || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const auto is_lower_hex = [](char c) { return http::is_hex(c) && !(c >= 'A' && c <= 'F'); };
  return std::ranges::all_of(text.substr(3, 32), is_lower_hex) &&
         std::ranges::all_of(text.substr(36, 16), is_lower_hex) && std::ranges::all_of(text.substr(53), is_lower_hex) &&
         text.substr(3, 32).find_first_not_of('0') != text.npos;
}

// W3C Trace Context: the trace id that came, or a new one; the parent id is always ours.
void write_trace(Exchange& exchange, const http::RequestHead& head, http::HeadWriter& writer) {
  const http::Field* given = head.fields.find(FieldName::kTraceparent);
  const bool known = given != nullptr && is_traceparent(given->value);
  Prng& prng = exchange.io().prng();
  if (known) {
    std::ranges::copy(given->value.substr(3, 32), exchange.trace.begin());
  } else {
    char* at = exchange.trace.data();
    append_hex(at, prng.next() | 1);
    append_hex(at, prng.next());
  }
  std::array<char, kTraceparentBytes> value;
  char* at = std::ranges::copy(std::string_view("00-"), value.data()).out;
  at = std::ranges::copy(exchange.trace, at).out;
  *at++ = '-';
  append_hex(at, prng.next() | 1);
  std::ranges::copy(known ? given->value.substr(52) : std::string_view("-01"), at);
  writer.field("traceparent", {value.data(), value.size()});
}

// Fields that a client may not set, or that belong to its connection alone.
bool is_passed_on(const http::RequestHead& head, const http::Field& field, bool trusted, bool adds_forwarded) {
  switch (field.known) {
    case FieldName::kHost:           // written first
    case FieldName::kContentLength:  // written from the framing
    case FieldName::kTraceparent:    // written anew
    case FieldName::kXForwardedFor:  // written anew, with what came where that is believed
      return false;
    case FieldName::kExpect:
      return head.expects_continue && !head.is_hop_by_hop(field);  // else it is of HTTP/1.0, and means nothing
    case FieldName::kForwarded:
      return trusted && !adds_forwarded;  // else written anew
    default:
      return http::is_of_visitor(field.known) ? trusted : !head.is_hop_by_hop(field);
  }
}

// The protocols that a node is offered. Not HTTP/2 ("h2c"): its requests would pass by the routes, the fields that are
// written anew and the log, and nobody asks for it in this way any more (RFC 9113 section 3.1).
std::string offered_protocols(std::string_view upgrade) {
  std::string list;
  while (!upgrade.empty()) {
    const std::string_view protocol = http::take_element(upgrade, http::Quotes::kNone);
    if (protocol.empty() || equals_ignore_case(protocol.substr(0, protocol.find('/')), "h2c")) continue;
    if (!list.empty()) list += ", ";
    list += protocol;
  }
  return list;
}

bool takes_trailers(const http::RequestHead& head) {
  return std::ranges::any_of(head.fields.all(), [](const http::Field& field) {
    return field.known == FieldName::kTe && http::lists_token(field.value, "trailers", http::Quotes::kStrings);
  });
}

void write_framing(const Exchange& exchange, const http::RequestHead& head, http::HeadWriter& writer) {
  if (exchange.body == http::Body::kLength) writer.field("Content-Length", exchange.body_bytes);
  if (exchange.body == http::Body::kChunked) writer.field("Transfer-Encoding", "chunked");
  if (exchange.takes_trailers) writer.field("TE", "trailers");
  if (exchange.wants_upgrade) {
    writer.field("Connection", exchange.takes_trailers ? "upgrade, TE" : "upgrade");
    writer.field("Upgrade", offered_protocols(head.upgrade));
  } else if (exchange.takes_trailers) {
    writer.field("Connection", "TE");
  }
}

// Where the parts that the log wants stand in the head that was written.
struct Places {
  std::size_t method_bytes;
  std::size_t target_bytes;
  std::size_t host_bytes;
};

constexpr std::string_view kHostName = "Host: ";

bool write_head(Exchange& exchange, std::string_view target, bool trusted, http::HeadWriter& writer) {
  const http::RequestHead& head = exchange.worker.request_head;
  writer.request_line(head.method_text, target);
  writer.field("Host", head.host);
  const bool adds_forwarded = exchange.service && exchange.settings().forwarded;
  for (const http::Field& field : head.fields.all()) {
    if (!writer.ok()) return false;  // it is written anew with more room, and what is judged here would be for nothing
    if (is_passed_on(head, field, trusted, adds_forwarded)) writer.field(field.name, field.value);
  }
  write_x_forwarded(exchange, head, trusted, writer);
  if (!writer.ok()) return false;
  if (adds_forwarded) write_forwarded(exchange, head, trusted, writer);
  write_trace(exchange, head, writer);
  write_framing(exchange, head, writer);
  writer.end();
  return writer.ok();
}

// Writes the head into the smallest memory that holds it.
void store_head(Exchange& exchange, std::string_view target, bool trusted) {
  for (runtime::BufferPool* pool : {&exchange.io().small_buffers(), &exchange.io().large_buffers()}) {
    exchange.head = pool->take();
    if (!exchange.head) continue;
    http::HeadWriter writer(exchange.head.room());
    if (write_head(exchange, target, trusted, writer)) {
      exchange.head.commit(writer.size());
      return;
    }
    exchange.head.reset();
  }
  exchange.large_head.resize(limits::kHttpHeadBytesMost * 2);
  http::HeadWriter writer({exchange.large_head.data(), exchange.large_head.size()});
  if (!write_head(exchange, target, trusted, writer)) {
    exchange.fail(Failure::kMalformedRequest, "the head is too large");
    exchange.status = 431;
  }
  exchange.large_head.resize(writer.size());
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const std::size_t end = cookies.find(';');
    const std::string_view pair = trim(cookies.substr(0, end));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    if (end == cookies.npos) break;
    cookies.remove_prefix(end + 1);
  }
  return {};
}

std::uint64_t hash_key_of(const Exchange& exchange, std::string_view target) {
  const http::RequestHead& head = exchange.worker.request_head;
  const cluster::HashKey& key = exchange.settings().hash_key;
  switch (key.of) {
    case cluster::HashKey::Of::kPath:
      return hash_of(http::path_of(target));
    case cluster::HashKey::Of::kHeader:
      if (const http::Field* field = head.fields.find(std::string_view(key.name))) return hash_of(field->value);
      break;
    case cluster::HashKey::Of::kCookie:
      for (const http::Field& field : head.fields.all()) {
        const std::string_view value =
            field.known == FieldName::kCookie ? cookie_value(field.value, key.name) : std::string_view();
        if (!value.empty()) return hash_of(value);
      }
      break;
    case cluster::HashKey::Of::kClientAddress:
      break;
  }
  return hash_of(exchange.visitor.empty() ? exchange.connection.peer_text : exchange.visitor);
}

bool may_have_path(const Exchange& exchange, std::string_view target) {
  return (exchange.service && exchange.settings().escaped_slashes) || !http::has_escaped_slash(http::path_of(target));
}

// A request of HTTP/1.0 need not name a host, and a node that reads HTTP/1.1 may refuse one that names none: it is for
// the address that it came to (RFC 9112, section 3.3).
void name_host(Exchange& exchange) {
  const Address local = exchange.io().local_address(exchange.connection.socket);
  exchange.worker.own_host = local.is_unix() ? "localhost" : local.to_text();
  exchange.worker.request_head.host = exchange.worker.own_host;
}

void remember_places(Exchange& exchange, const Places& places) {
  const std::string_view head = exchange.head_bytes();
  exchange.method_text = head.substr(0, places.method_bytes);
  exchange.target = head.substr(places.method_bytes + 1, places.target_bytes);
  const std::size_t line = places.method_bytes + 1 + places.target_bytes + std::string_view(" HTTP/1.1\r\n").size();
  exchange.host = head.substr(line + kHostName.size(), places.host_bytes);
}

}  // namespace

std::size_t take_request(Exchange& exchange, std::string_view rest) {
  const http::RequestHead& head = exchange.worker.request_head;
  exchange.method = head.method;
  exchange.version = head.version;
  exchange.body = head.body;
  exchange.body_bytes = head.content_length;
  exchange.expects_continue = head.expects_continue;
  exchange.wants_upgrade = head.version == http::Version::k11 && !offered_protocols(head.upgrade).empty();
  exchange.takes_trailers = takes_trailers(head);
  if (exchange.body == http::Body::kChunked) exchange.named_by_connection = http::listed(head.named_by_connection);
  exchange.connection.keep_open &= head.keep_alive;
  if (exchange.body == http::Body::kLength && exchange.body_bytes == 0) exchange.body_in_head = true;

  std::string normalised;
  std::string_view target = head.target;
  if (!head.plain_target) {
    auto result = http::normalise_target(target);
    if (!result) {
      exchange.fail(Failure::kMalformedRequest, std::string(result.error()));
      return 0;
    }
    normalised = std::move(*result);
    target = normalised;
  }
  exchange.service = find_service(exchange, head, target);
  if (head.version == http::Version::k10 && head.host.empty()) name_host(exchange);
  const bool trusted = exchange.service && exchange.service->trusts(exchange.connection.peer);
  if (trusted) exchange.visitor = believed_visitor(*exchange.service, head);
  store_head(exchange, target, trusted);
  if (exchange.failure != Failure::kNone) return 0;
  remember_places(exchange, {head.method_text.size(), target.size(), head.host.size()});
  if (!head.plain_target && !may_have_path(exchange, target)) {
    exchange.fail(Failure::kMalformedRequest, std::string(cluster::kNoEscapedSlashes));
    return 0;
  }
  if (!exchange.service) {
    exchange.fail(Failure::kNoService);
    return 0;
  }
  if (exchange.body_bytes > exchange.settings().body_max_bytes) {
    exchange.fail(Failure::kRequestTooLarge);
    return 0;
  }
  if (exchange.settings().balancer == cluster::BalancerPolicy::kHash) exchange.key_hash = hash_key_of(exchange, target);

  const bool whole = exchange.body == http::Body::kLength && exchange.body_bytes <= rest.size();
  if (!whole || !exchange.head || exchange.expects_continue) return 0;
  const std::string_view content = rest.substr(0, static_cast<std::size_t>(exchange.body_bytes));
  exchange.body_in_head = exchange.head.append(content);
  if (!exchange.body_in_head) return 0;
  exchange.received_bytes = content.size();
  return content.size();
}

}  // namespace tenfold::web
