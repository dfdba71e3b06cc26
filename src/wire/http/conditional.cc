// SPDX-License-Identifier: Apache-2.0
#include "wire/http/conditional.h"

#include <algorithm>
#include <array>

#include "wire/http/list.h"

namespace tenfold::http {
namespace {

using std::chrono::floor;
using std::chrono::seconds;

std::string_view without_weakness(std::string_view tag) {
  return tag.starts_with("W/") ? tag.substr(2) : tag;
}

// Whether the list names the tag. `weakly`: "W/" makes no difference.
bool lists_tag(std::string_view list, std::string_view etag, bool weakly) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    const std::string_view tag = take_element(list, Quotes::kTags);
    if ((weakly ? without_weakness(tag) : tag) == etag) return true;
  }
  return false;
}

// The same for a field, whose lines are one list (RFC 9110 section 5.3).
bool names_tag(const FieldList& fields, FieldName name, std::string_view etag, bool weakly) {
  return std::ranges::any_of(fields.all(), [name, etag, weakly](const Field& field) {
    return field.known == name && lists_tag(field.value, etag, weakly);
  });
}

// etagc of RFC 9110 section 8.8.3.
bool is_of_tag(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '\x7f';
}

// A strong one, in its quotes.
bool is_tag(std::string_view text) {
  return text.size() >= 2 && text.starts_with('"') && text.ends_with('"') &&
         std::ranges::all_of(text.substr(1, text.size() - 2), is_of_tag);
}

bool modified_after(WallTime modified, WallTime date) {
  return floor<seconds>(modified) > floor<seconds>(date);
}

// The shapes of a date. Each small letter stands for any character of a part: (w)eekday, (d)ay, (n)ame of the month,
// (y)ear, (h)our, (m)inute, (s)econd.
constexpr std::string_view kFixdate = "www, dd nnn yyyy hh:mm:ss GMT";
constexpr std::string_view kRfc850 = ", dd-nnn-yy hh:mm:ss GMT";  // behind a weekday of any length
constexpr std::string_view kAsctime = "www nnn dd hh:mm:ss yyyy";

bool has_shape(std::string_view text, std::string_view shape) {
  return std::ranges::equal(
      text, shape, [](char c, char in_shape) { return c == in_shape || (in_shape >= 'a' && in_shape <= 'z'); });
}

std::string_view part_of(std::string_view text, std::string_view shape, char letter) {
  const std::size_t first = shape.find(letter);
  return text.substr(first, shape.rfind(letter) - first + 1);
}

int century_of(std::uint64_t two_digits, WallTime now) {
  const int year = static_cast<int>(std::chrono::year_month_day(floor<std::chrono::days>(now)).year());
  const int century = year - year % 100;
  return century + static_cast<int>(two_digits) > year + 50 ? century - 100 : century;
}

// REQUIRES: the text has the shape.
std::optional<WallTime> date_of(std::string_view text, std::string_view shape, WallTime now) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto number = [text, shape](char letter) { return parse_decimal(part_of(text, shape, letter)); };
  const auto month = std::ranges::find(kMonths, part_of(text, shape, 'n'));
  const auto day = parse_decimal(trim(part_of(text, shape, 'd')));  // asctime() has " 6"
  const auto year = number('y');
  const auto hour = number('h');
  const auto minute = number('m');
  const auto second = number('s');
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const int century = part_of(text, shape, 'y').size() == 2 ? century_of(*year, now) : 0;
  const std::chrono::year_month_day date(std::chrono::year(century + static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(month - kMonths.begin() + 1)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

Condition evaluate_conditions(const FieldList& fields, std::string_view etag, WallTime modified, WallTime now) {
  if (fields.find(FieldName::kIfMatch) != nullptr) {
    if (!names_tag(fields, FieldName::kIfMatch, etag, false)) return Condition::kPreconditionFailed;
  } else if (const Field* unmodified = fields.find(FieldName::kIfUnmodifiedSince)) {
    const auto date = parse_http_date(unmodified->value, now);
    if (date && modified_after(modified, *date)) return Condition::kPreconditionFailed;
  }
  if (fields.find(FieldName::kIfNoneMatch) != nullptr) {
    const bool named = names_tag(fields, FieldName::kIfNoneMatch, etag, true);
    return named ? Condition::kNotModified : Condition::kServe;
  }
  if (const Field* since = fields.find(FieldName::kIfModifiedSince)) {
    const auto date = parse_http_date(since->value, now);
    if (date && !modified_after(modified, *date)) return Condition::kNotModified;
  }
  return Condition::kServe;
}

std::optional<bool> if_match_holds(std::string_view value, std::string_view etag) {
  if (trim(value) == "*") return true;
  bool holds = false;
  while (!value.empty()) {
    const std::string_view tag = take_element(value, Quotes::kTags);
    if (tag.empty()) continue;
    if (!is_tag(without_weakness(tag))) return std::nullopt;
    holds |= tag == etag;
  }
  return holds;
}

bool range_applies(const FieldList& fields, std::string_view etag, WallTime modified, WallTime now) {
  const Field* if_range = fields.find(FieldName::kIfRange);
  if (if_range == nullptr) return true;
  if (if_range->value.starts_with('"')) return if_range->value == etag;
  const auto date = parse_http_date(if_range->value, now);
  return date && floor<seconds>(modified) == floor<seconds>(*date);
}

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  if (has_shape(text, kFixdate)) return date_of(text, kFixdate, now);
  if (has_shape(text, kAsctime)) return date_of(text, kAsctime, now);
  const std::string_view behind_weekday = text.substr(std::min(text.find(','), text.size()));
  if (has_shape(behind_weekday, kRfc850)) return date_of(behind_weekday, kRfc850, now);
  return std::nullopt;
}

}  // namespace tenfold::http
