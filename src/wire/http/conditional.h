// SPDX-License-Identifier: Apache-2.0
// Conditional requests (RFC 9110 section 13) for something with an entity tag and a time of modification.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "wire/http/message.h"

namespace tenfold::http {

enum class Condition : std::uint8_t { kServe, kNotModified, kPreconditionFailed };

/// What the request's If-* fields say. `etag` is a strong tag in its quotes.
Condition evaluate_conditions(const FieldList& fields, std::string_view etag, WallTime modified);

/// False when If-Range says that the part asked for is of something older: then the whole is served.
bool range_applies(const FieldList& fields, std::string_view etag, WallTime modified);

/// "Tue, 24 Nov 2026 09:21:25 GMT" (IMF-fixdate, the only form that is still generated); nullopt for anything else.
std::optional<WallTime> parse_http_date(std::string_view text);

}  // namespace tenfold::http
