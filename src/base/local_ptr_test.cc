// SPDX-License-Identifier: Apache-2.0
#include "base/local_ptr.h"

#include <gtest/gtest.h>

namespace tenfold {
namespace {

struct Tracked : LocalCounted {
  explicit Tracked(int& living_objects) : living(living_objects) { ++living; }
  ~Tracked() { --living; }
  int& living;
};

TEST(LocalPtr, FreesWithTheLastOwner) {
  int living = 0;
  {
    LocalPtr<Tracked> first = make_local<Tracked>(living);
    LocalPtr<Tracked> second = first;
    first = LocalPtr<Tracked>();
    EXPECT_EQ(living, 1);
    LocalPtr<Tracked> third = std::move(second);
    EXPECT_FALSE(second);  // NOLINT: a moved-from pointer is empty
    third = make_local<Tracked>(living);
    EXPECT_EQ(living, 1);
  }
  EXPECT_EQ(living, 0);
}

}  // namespace
}  // namespace tenfold
