// SPDX-License-Identifier: Apache-2.0
#include "wire/http/field_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace tenfold::http {
namespace {

TEST(FindFieldName, KnowsNamesInAnyCase) {
  const std::pair<const char*, FieldName> cases[] = {
      {"host", FieldName::kHost},
      {"te", FieldName::kTe},
      {"content-length", FieldName::kContentLength},
      {"transfer-encoding", FieldName::kTransferEncoding},
      {"connection", FieldName::kConnection},
      {"http2-settings", FieldName::kHttp2Settings},
      {"proxy-connection", FieldName::kProxyConnection},
      {"if-unmodified-since", FieldName::kIfUnmodifiedSince},
      {"x-forwarded-for", FieldName::kXForwardedFor},
      {"x-forwarded-proto", FieldName::kXForwardedProto},
      {"x-forwarded-host", FieldName::kXForwardedHost},
      {"x-forwarded-anything", FieldName::kXForwardedOther},
      {"content-type", FieldName::kContentType},
  };
  for (const auto& [name, known] : cases) {
    EXPECT_EQ(find_field_name(name), known) << name;
    std::string upper(name);
    std::ranges::transform(upper, upper.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; });
    EXPECT_EQ(find_field_name(upper), known) << upper;
  }
}

// Names whose length and ends are those of a known one fall into its place of the table.
TEST(FindFieldName, IsNotMisledByNamesThatLookAlike) {
  for (const char* name : {"", "h", "hast", "hos", "hostt", "content-langth", "transfer.encoding", "x-forwarded-",
                           "x-forwardedfor", "TE ", "con nection", "\xff"})
    EXPECT_EQ(find_field_name(name), FieldName::kOther) << name;
}

}  // namespace
}  // namespace tenfold::http
