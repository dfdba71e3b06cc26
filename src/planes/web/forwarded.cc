// SPDX-License-Identifier: Apache-2.0
#include "planes/web/forwarded.h"

#include <fmt/format.h>

namespace tenfold::web {
namespace {

using http::FieldName;

// All X-Forwarded-For fields as one list, in the order in which the proxies wrote it.
std::string forwarded_for(const http::RequestHead& head) {
  std::string list;
  for (const http::Field& field : head.fields.all()) {
    if (field.known != FieldName::kXForwardedFor || field.value.empty()) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

bool is_trusted_hop(const WebService& service, std::string_view hop) {
  const bool is_ipv6 = hop.find(':') != hop.npos;
  const auto address = Address::parse(is_ipv6 ? fmt::format("[{}]:0", hop) : fmt::format("{}:0", hop));
  return address && service.trusts(*address);
}

}  // namespace

std::string believed_visitor(const WebService& service, const http::RequestHead& head) {
  const std::string list = forwarded_for(head);
  std::string_view left = list;
  std::string_view visitor;
  while (!left.empty()) {
    const std::size_t comma = left.rfind(',');
    visitor = trim(comma == left.npos ? left : left.substr(comma + 1));
    if (comma == left.npos || !is_trusted_hop(service, visitor)) break;
    left = left.substr(0, comma);
  }
  return std::string(visitor);
}

void write_forwarded(const Exchange& exchange, const http::RequestHead& head, bool trusted, http::HeadWriter& writer) {
  const std::string& peer = exchange.connection.peer_text;
  if (!trusted) {
    writer.field("X-Forwarded-For", peer);
    writer.field("X-Forwarded-Proto", "http");
    writer.field("X-Forwarded-Host", head.host);
    return;
  }
  std::string list = forwarded_for(head);
  if (!list.empty()) list += ", ";
  writer.field("X-Forwarded-For", list + peer);
  if (head.fields.find(FieldName::kXForwardedProto) == nullptr) writer.field("X-Forwarded-Proto", "http");
  if (head.fields.find(FieldName::kXForwardedHost) == nullptr) writer.field("X-Forwarded-Host", head.host);
}

}  // namespace tenfold::web
