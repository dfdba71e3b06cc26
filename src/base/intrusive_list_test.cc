// SPDX-License-Identifier: Apache-2.0
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>

namespace tenfold {
namespace {

struct Item : ListNode<> {
  explicit Item(int v) : value(v) {}
  int value;
};

TEST(IntrusiveList, KeepsOrderAndUnlinksInTheMiddle) {
  IntrusiveList<Item> list;
  Item a(1), b(2), c(3);
  list.push_back(a);
  list.push_back(b);
  list.push_back(c);
  b.unlink();
  EXPECT_FALSE(b.linked());
  std::string seen;
  for (Item& item : list) seen += std::to_string(item.value);
  EXPECT_EQ(seen, "13");
  EXPECT_EQ(list.pop_front(), &a);
  EXPECT_EQ(list.pop_front(), &c);
  EXPECT_EQ(list.pop_front(), nullptr);
}

TEST(IntrusiveList, AnElementLeavesWhenDestroyed) {
  IntrusiveList<Item> list;
  {
    Item a(1);
    list.push_front(a);
    EXPECT_FALSE(list.empty());
  }
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, SplicesAnother) {
  IntrusiveList<Item> list;
  IntrusiveList<Item> other;
  Item a(1), b(2);
  list.push_back(a);
  other.push_back(b);
  list.splice_back(other);
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(list.back().value, 2);
}

}  // namespace
}  // namespace tenfold
