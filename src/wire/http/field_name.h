// SPDX-License-Identifier: Apache-2.0
// The field names that Tenfold itself looks at, found once while a head is parsed. Names are without regard to case.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tenfold::http {

enum class FieldName : std::uint8_t {
  kOther,
  kHost,
  kConnection,
  kKeepAlive,
  kProxyConnection,
  kTe,
  kTrailer,
  kTransferEncoding,
  kContentLength,
  kUpgrade,
  kHttp2Settings,
  kExpect,
  kForwarded,
  kXForwardedFor,
  kXForwardedProto,
  kXForwardedHost,
  kXForwardedOther,  // any other name that begins with "X-Forwarded-"
  kXRealIp,
  kTraceparent,
  kCookie,
  kDate,
  kServer,
  kRange,
  kIfRange,
  kIfMatch,
  kIfNoneMatch,
  kIfModifiedSince,
  kIfUnmodifiedSince,
  kProxyAuthenticate,
  kProxyAuthorization,
  kAuthorization,
  kAccept,
  kOrigin,
  kContentType,
};

/// kOther for a name that is none of the above.
FieldName find_field_name(std::string_view name);

/// True for the fields that belong to one connection whether Connection names them or not (RFC 9110 section 7.6.1).
constexpr bool is_hop_by_hop(FieldName name) {
  switch (name) {
    case FieldName::kConnection:
    case FieldName::kKeepAlive:
    case FieldName::kProxyConnection:
    case FieldName::kTe:
    case FieldName::kTrailer:
    case FieldName::kTransferEncoding:
    case FieldName::kUpgrade:
    case FieldName::kHttp2Settings:
    case FieldName::kProxyAuthenticate:
    case FieldName::kProxyAuthorization:
      return true;
    default:
      return false;
  }
}

/// True for the fields in which proxies say who the visitor is.
constexpr bool is_of_visitor(FieldName name) {
  switch (name) {
    case FieldName::kForwarded:
    case FieldName::kXForwardedFor:
    case FieldName::kXForwardedProto:
    case FieldName::kXForwardedHost:
    case FieldName::kXForwardedOther:
    case FieldName::kXRealIp:
      return true;
    default:
      return false;
  }
}

}  // namespace tenfold::http
