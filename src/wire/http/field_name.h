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

}  // namespace tenfold::http
