// SPDX-License-Identifier: Apache-2.0
#include "planes/web/forwarded.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/http/characters.h"
#include "wire/http/list.h"

namespace tenfold::web {
namespace {

using http::FieldName;

// All fields of that name as one list, in the order in which the proxies wrote it.
std::string list_of(const http::RequestHead& head, FieldName name) {
  std::string list;
  for (const http::Field& field : head.fields.all()) {
    if (field.known != name || field.value.empty()) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

// The end of a list, with as many hops as we look at: nobody has come through more.
std::string_view last_hops(std::string_view list) {
  std::size_t commas = 0;
  for (std::size_t end = list.size(); end > 0; --end) {
    if (list[end - 1] == ',' && ++commas == limits::kHttpForwardedHopsMost) return list.substr(end);
  }
  return list;
}

bool is_trusted_hop(const WebService& service, std::string_view hop) {
  const bool is_ipv6 = hop.find(':') != hop.npos;
  const auto address = Address::parse(is_ipv6 ? fmt::format("[{}]:0", hop) : fmt::format("{}:0", hop));
  return address && service.trusts(*address);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

// A value of RFC 7239, section 4: a token, or a quoted string.
std::string value_of(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, http::is_token) ? std::string(text) : quoted(text);
}

// A node of RFC 7239, section 6: an IPv6 address stands in brackets, and what is no address is unknown.
std::string node_of(std::string_view text) {
  if (text.empty() || text.front() == '*') return "unknown";
  if (Address::parse(fmt::format("{}:0", text))) return std::string(text);
  if (Address::parse(fmt::format("[{}]:0", text))) return quoted(fmt::format("[{}]", text));
  const auto with_port = Address::parse(text);
  return with_port && !with_port->is_unix() && text.front() != ':' ? quoted(text) : "unknown";
}

// X-Forwarded-For as the beginning of Forwarded (RFC 7239, section 7.4): of each proxy only the address is known.
std::string converted(std::string_view addresses) {
  std::string list;
  while (!addresses.empty()) {
    list += fmt::format("for={}, ", node_of(http::take_element(addresses, http::Quotes::kNone)));
  }
  return list;
}

}  // namespace

std::string believed_visitor(const WebService& service, const http::RequestHead& head) {
  const std::string list = list_of(head, FieldName::kXForwardedFor);
  std::string_view left = last_hops(list);
  std::string_view visitor;
  while (!left.empty()) {
    const std::size_t comma = left.rfind(',');
    visitor = trim(comma == left.npos ? left : left.substr(comma + 1));
    if (comma == left.npos || !is_trusted_hop(service, visitor)) break;
    left = left.substr(0, comma);
  }
  return std::string(visitor);
}

void write_x_forwarded(const Exchange& exchange, const http::RequestHead& head, bool trusted,
                       http::HeadWriter& writer) {
  const Connection& connection = exchange.connection;
  const std::string_view peer = connection.peer.is_unix() ? std::string_view() : connection.peer_text;
  if (!trusted) {
    if (!peer.empty()) writer.field("X-Forwarded-For", peer);
    writer.field("X-Forwarded-Proto", "http");
    writer.field("X-Forwarded-Host", head.host);
    return;
  }
  std::string list = list_of(head, FieldName::kXForwardedFor);
  if (!list.empty() && !peer.empty()) list += ", ";
  list += peer;
  if (!list.empty()) writer.field("X-Forwarded-For", list);
  if (head.fields.find(FieldName::kXForwardedProto) == nullptr) writer.field("X-Forwarded-Proto", "http");
  if (head.fields.find(FieldName::kXForwardedHost) == nullptr) writer.field("X-Forwarded-Host", head.host);
}

void write_forwarded(const Exchange& exchange, const http::RequestHead& head, bool trusted, http::HeadWriter& writer) {
  std::string list;
  if (trusted) {
    list = list_of(head, FieldName::kForwarded);
    if (!list.empty()) list += ", ";
    if (list.empty()) list = converted(last_hops(list_of(head, FieldName::kXForwardedFor)));
  }
  list += fmt::format("for={};host={};proto=http", node_of(exchange.connection.peer_text), value_of(head.host));
  writer.field("Forwarded", list);
}

}  // namespace tenfold::web
