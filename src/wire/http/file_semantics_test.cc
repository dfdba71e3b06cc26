// SPDX-License-Identifier: Apache-2.0
// Ranges, conditions and media types: what the file server answers with.
#include <gtest/gtest.h>

#include "wire/http/byte_range.h"
#include "wire/http/conditional.h"
#include "wire/http/media_type.h"

namespace tenfold::http {
namespace {

using Kind = ByteRange::Kind;

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
  const WallTime modified = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  const auto evaluate = [&](FieldName name, std::string_view value) {
    FieldList fields;
    fields.add({"", value, name});
    return evaluate_conditions(fields, "\"tag\"", modified);
  };
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"tag\""), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"a\", W/\"tag\""), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfNoneMatch, "\"a\""), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfMatch, "W/\"tag\""), Condition::kPreconditionFailed);
  EXPECT_EQ(evaluate(FieldName::kIfMatch, "*"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "Tue, 14 Nov 2023 22:13:20 GMT"), Condition::kNotModified);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "Tue, 14 Nov 2023 22:13:19 GMT"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfModifiedSince, "yesterday"), Condition::kServe);
  EXPECT_EQ(evaluate(FieldName::kIfUnmodifiedSince, "Tue, 14 Nov 2023 22:13:19 GMT"), Condition::kPreconditionFailed);
}

TEST(HttpDate, ReadsBackWhatIsWritten) {
  const WallTime time = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  EXPECT_EQ(parse_http_date(to_http_date(time)), time);
  for (const char* bad :
       {"", "Tue, 31 Feb 2023 00:00:00 GMT", "Tue, 14 Nov 2023 25:00:00 GMT", "Tue 14 Nov 2023 22:13:20 GMT..."})
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
}

TEST(MediaType, GoesByTheExtension) {
  EXPECT_EQ(media_type_of("a/b.PNG"), "image/png");
  EXPECT_EQ(media_type_of("README"), "application/octet-stream");
}

}  // namespace
}  // namespace tenfold::http
