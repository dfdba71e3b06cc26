// SPDX-License-Identifier: Apache-2.0
#include "wire/http/conditional.h"

#include <array>

namespace tenfold::http {
namespace {

using std::chrono::floor;
using std::chrono::seconds;

std::string_view without_weakness(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Whether the list names the tag. `weakly`: "W/" makes no difference.
bool names_tag(std::string_view list, std::string_view etag, bool weakly) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view tag = trim(list.substr(0, comma));
    if ((weakly ? without_weakness(tag) : tag) == etag) return true;
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool modified_after(WallTime modified, WallTime date) {
  return floor<seconds>(modified) > floor<seconds>(date);
}

}  // namespace

Condition evaluate_conditions(const FieldList& fields, std::string_view etag, WallTime modified) {
  if (const Field* match = fields.find(FieldName::kIfMatch)) {
    if (!names_tag(match->value, etag, false)) return Condition::kPreconditionFailed;
  } else if (const Field* unmodified = fields.find(FieldName::kIfUnmodifiedSince)) {
    const auto date = parse_http_date(unmodified->value);
    if (date && modified_after(modified, *date)) return Condition::kPreconditionFailed;
  }
  if (const Field* none_match = fields.find(FieldName::kIfNoneMatch)) {
    return names_tag(none_match->value, etag, true) ? Condition::kNotModified : Condition::kServe;
  }
  if (const Field* since = fields.find(FieldName::kIfModifiedSince)) {
    const auto date = parse_http_date(since->value);
    if (date && !modified_after(modified, *date)) return Condition::kNotModified;
  }
  return Condition::kServe;
}

bool range_applies(const FieldList& fields, std::string_view etag, WallTime modified) {
  const Field* if_range = fields.find(FieldName::kIfRange);
  if (if_range == nullptr) return true;
  if (if_range->value.starts_with('"')) return if_range->value == etag;
  const auto date = parse_http_date(if_range->value);
  return date && floor<seconds>(modified) == floor<seconds>(*date);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  //                                          0         1         2
  //                                          01234567890123456789012345678
  constexpr std::string_view kShape = "www, dd mmm yyyy hh:mm:ss GMT";
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != kShape.size() || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  unsigned month = 0;
  while (month < kMonths.size() && kMonths[month] != text.substr(8, 3)) ++month;
  const auto day = parse_decimal(text.substr(5, 2));
  const auto year = parse_decimal(text.substr(12, 4));
  const auto hour = parse_decimal(text.substr(17, 2));
  const auto minute = parse_decimal(text.substr(20, 2));
  const auto second = parse_decimal(text.substr(23, 2));
  if (month == kMonths.size() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)), std::chrono::month(month + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace tenfold::http
