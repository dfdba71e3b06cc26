// SPDX-License-Identifier: Apache-2.0
#include "wire/http/trailers.h"

#include <gtest/gtest.h>

namespace tenfold::http {
namespace {

TEST(Trailers, NothingComesBackThatIsTakenFromHeads) {
  NamedFields named;
  EXPECT_EQ(listed(named), "");
  named.add("X-Secret");
  named.add("x-other");
  const std::string list = listed(named);
  for (const char* dropped :
       {"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "x-forwarded-anything", "X-Real-IP", "Keep-Alive",
        "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "X-SECRET", "X-Other"}) {
    for (Sender from : {Sender::kClient, Sender::kNode}) {
      const std::string line = std::string(dropped) + ": 1\r\n";
      EXPECT_EQ(passed_on_trailers(line + "\r\n", from, list), "") << dropped;
      EXPECT_EQ(passed_on_trailers("A: b\r\n" + line + "C:\r\n\r\n", from, list), "A: b\r\nC: \r\n\r\n");
    }
  }
  EXPECT_EQ(passed_on_trailers("X-Secret: 1\r\n\r\n", Sender::kNode, ""), "X-Secret: 1\r\n\r\n");
  EXPECT_EQ(passed_on_trailers("", Sender::kNode, list), "");
}

TEST(Trailers, UnderscoresAreANodesOwnAffair) {
  EXPECT_EQ(passed_on_trailers("X_Sum: 1\r\n\r\n", Sender::kNode, ""), "X_Sum: 1\r\n\r\n");
  EXPECT_EQ(passed_on_trailers("X_Sum: 1\r\n\r\n", Sender::kClient, ""), "");
}

}  // namespace
}  // namespace tenfold::http
