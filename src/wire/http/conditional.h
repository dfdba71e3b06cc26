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
Condition evaluate_conditions(const FieldList& fields, std::string_view etag, WallTime modified, WallTime now);

/// Whether an If-Match field holds for something whose strong tag is `etag`: it says "*", or a list that names the tag;
/// a weak tag never matches (RFC 9110 section 13.1.1). nullopt when it is neither.
std::optional<bool> if_match_holds(std::string_view value, std::string_view etag);

/// False when If-Range says that the part asked for is of something older: then the whole is served.
bool range_applies(const FieldList& fields, std::string_view etag, WallTime modified, WallTime now);

/// The three forms of RFC 9110 section 5.6.7; nullopt for anything else:
///
///   Tue, 24 Nov 2026 09:21:25 GMT     IMF-fixdate, the only one that is still generated
///   Tuesday, 24-Nov-26 09:21:25 GMT   RFC 850, in the century that puts it less than 50 years behind `now`
///   Tue Nov 24 09:21:25 2026          asctime()
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);

}  // namespace tenfold::http
