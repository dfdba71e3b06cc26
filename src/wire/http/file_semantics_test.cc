// SPDX-License-Identifier: Apache-2.0
// Ranges, conditions and media types: what the file server answers with.
#include <gtest/gtest.h>

#include "wire/http/byte_range.h"
#include "wire/http/conditional.h"
#include "wire/http/media_type.h"

namespace tenfold::http {
namespace {

using Kind = ByteRange::Kind;

const WallTime kModified = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
const WallTime kNow = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000));  // in 2027

TEST(IfMatch, ReadsTagsAsTheStandardHasThem) {
  for (const char* holds : {"*", " * ", "\"tag\"", "\"a\", \"tag\"", ",\"a,b\" ,, \"tag\",", "W/\"tag\", \"tag\""})
    EXPECT_EQ(if_match_holds(holds, "\"tag\""), true) << holds;
  for (const char* fails : {"", "\"\"", "\"a\"", "W/\"tag\"", "\"tag,\"", "\"a\", \"b\""})
    EXPECT_EQ(if_match_holds(fails, "\"tag\""), false) << fails;
  for (const char* malformed :
       {"tag", "7", "\"tag", "tag\"", "w/\"tag\"", "\"tag\" \"tag\"", "\"ta g\"", "*, \"tag\"", "\"a\"; x"})
    EXPECT_EQ(if_match_holds(malformed, "\"tag\""), std::nullopt) << malformed;
}

TEST(ByteRange, OfOnePart) {
  const auto check = [](const char* value, Kind kind, std::uint64_t first, std::uint64_t length) {
    const ByteRange range = parse_byte_range(value, 10);
    EXPECT_EQ(range.kind, kind) << value;
    EXPECT_EQ(range.first, first) << value;
    EXPECT_EQ(range.length, length) << value;
  };
  check("bytes=0-0", Kind::kPart, 0, 1);
  check("bytes=2-", Kind::kPart, 2, 8);
  check("bytes=2-100", Kind::kPart, 2, 8);
  check("bytes=-3", Kind::kPart, 7, 3);
  check("bytes=-30", Kind::kPart, 0, 10);
  check("bytes=10-", Kind::kUnsatisfiable, 0, 0);
  check("bytes=-0", Kind::kUnsatisfiable, 0, 0);
  for (const char* whole : {"bytes=5-2", "bytes=1-2,4-5", "items=1-2", "bytes=a-b", "bytes=", "bytes=1", "bytes=+1-2"})
    check(whole, Kind::kWhole, 0, 10);
}

TEST(Conditions, FollowTheOrderOfTheSpecification) {
  const auto evaluate = [](FieldName name, std::string_view value) {
    FieldList fields;
    fields.add({"", value, name});
    return evaluate_conditions(fields, "\"tag\"", kModified, kNow);
  };
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"tag\""), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"a\", W/\"tag\""), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"a\""), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfMatch, "W/\"tag\""), Condition::kPreconditionFailed);
  EXPECT_EQ(evaluate(FieldName::kIfMatch, "*"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "Tue, 14 Nov 2023 22:13:20 GMT"), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "Tue, 14 Nov 2023 22:13:19 GMT"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "Tuesday, 14-Nov-23 22:13:20 GMT"), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "yesterday"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfUnmodifiedSince, "Tue, 14 Nov 2023 22:13:19 GMT"), Condition::kPreconditionFailed);
}

TEST(Conditions, SeveralLinesAreOneList) {
  FieldList fields;
  fields.add({"", "\"a\"", FieldName::kIfMatch});
  fields.add({"", "\"b\", \"tag\"", FieldName::kIfMatch});
  EXPECT_EQ(evaluate_conditions(fields, "\"tag\"", kModified, kNow), Condition::kServe);
  EXPECT_EQ(evaluate_conditions(fields, "\"c\"", kModified, kNow), Condition::kPreconditionFailed);
  fields.add({"", "\"d\"", FieldName::kIfNoneMatch});
  fields.add({"", "W/\"tag\"", FieldName::kIfNoneMatch});
  EXPECT_EQ(evaluate_conditions(fields, "\"tag\"", kModified, kNow), Condition::kNotModified);
}

TEST(HttpDate, ReadsBackWhatIsWritten) {
  EXPECT_EQ(parse_http_date(to_http_date(kModified), kNow), kModified);
  for (const char* bad :
       {"", "Tue, 31 Feb 2023 00:00:00 GMT", "Tue, 14 Nov 2023 25:00:00 GMT", "Tue 14 Nov 2023 22:13:20 GMT...",
        "Tue Nov 14 22:13:20 23", "Tuesday, 14-Nov-2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 UTC", ","})
    EXPECT_EQ(parse_http_date(bad, kNow), std::nullopt) << bad;
}

TEST(HttpDate, ReadsTheObsoleteForms) {
  const auto written = [](const char* text) {
    const auto date = parse_http_date(text, kNow);
    return date ? to_http_date(*date) : std::string("no date");
  };
  EXPECT_EQ(written("Tuesday, 14-Nov-23 22:13:20 GMT"), to_http_date(kModified));
  EXPECT_EQ(written("Tue Nov 14 22:13:20 2023"), to_http_date(kModified));
  EXPECT_EQ(written("Sun Nov  6 08:49:37 1994"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written("Sunday, 06-Nov-94 08:49:37 GMT"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(written("Friday, 06-Nov-37 08:49:37 GMT"), "Fri, 06 Nov 2037 08:49:37 GMT") << "within 50 years";
}

TEST(MediaType, GoesByTheExtension) {
  EXPECT_EQ(media_type_of("a/b.PNG"), "image/png");
  EXPECT_EQ(media_type_of("README"), "application/octet-stream");
}

}  // namespace
}  // namespace tenfold::http
