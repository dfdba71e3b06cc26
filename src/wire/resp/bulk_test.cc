// SPDX-License-Identifier: Apache-2.0
#include "wire/resp/bulk.h"

#include <gtest/gtest.h>

#include <string>

namespace tenfold::resp {
namespace {

TEST(WholeBulk, IsOneOfAnySizeWithWhateverBehindIt) {
  for (const std::size_t size : {0, 1, 9, 10, 99, 100, 12'345, 1'000'000}) {
    const std::string text(size, '\n');
    const std::string bulk = "$" + std::to_string(size) + "\r\n" + text + "\r\n";
    for (const char* behind : {"", "$", "$3\r\nfoo\r\n"}) {
      const std::string bytes = bulk + behind;
      const WholeBulk whole = whole_bulk(bytes);
      EXPECT_EQ(whole.bytes, bulk.size());
      EXPECT_EQ(bytes.substr(whole.head_bytes, whole.text_bytes()), text);
    }
  }
}

TEST(WholeBulk, IsNoneBeforeAllOfItIsThere) {
  for (const std::string bulk : {"$0\r\n\r\n", "$3\r\nfoo\r\n", "$12\r\n123456789012\r\n"}) {
    for (std::size_t size = 0; size < bulk.size(); ++size)
      EXPECT_EQ(whole_bulk(bulk.substr(0, size)).bytes, 0U) << bulk.substr(0, size);
  }
}

TEST(WholeBulk, IsNothingElse) {
  for (const char* other :
       {"*3\r\nfoo\r\n", "$-1\r\n$1\r\na\r\n", "$03\r\nfoo\r\n", "$00\r\n\r\n\r\n", "$3 \r\nfoo\r\n", "$+3\r\nfoo\r\n",
        "$3\rfoo\r\n\r\n", "$3\n\nfoo\r\n", "$3\r\nfoo\n\n", "$3\r\nfooo\r\n", "$3\r\nfo\r\n\r\n", "$\r\n\r\n\r\n",
        "$1234567890\r\nfoo\r\n", "$99999999999999999999\r\nfoo\r\n", "$4294967299\r\nfoo\r\n"})
    EXPECT_EQ(whole_bulk(other).bytes, 0U) << other;
}

TEST(ScannedBulk, IsAsLongAsItsHeadTells) {
  for (const std::size_t size : {0, 1, 9, 10, 99, 100, 12'345, 1'000'000}) {
    const std::string bulk = "$" + std::to_string(size) + "\r\n" + std::string(size, '7') + "\r\n";
    for (const char* behind : {"", ":7\r\n", "$3\r\nfoo\r\n"})
      EXPECT_EQ(scanned_bulk_bytes(bulk + behind), bulk.size());
  }
  EXPECT_EQ(scanned_bulk_bytes("$03\r\nfoo\r\n$-1\r\n"), 10U);  // what the scanner lets pass
}

TEST(ScannedBulk, IsNoneForOtherReplies) {
  for (const char* other : {"", "$-1\r\n", "$-1\r\n$1\r\na\r\n", "$3\nfoo\r\n", ":12345\r\n", "+OKOK\r\n", "_\r\n",
                            "*1\r\n$1\r\na\r\n", "=7\r\ntxt:foo\r\n"})
    EXPECT_EQ(scanned_bulk_bytes(other), 0U) << other;
}

}  // namespace
}  // namespace tenfold::resp
