// SPDX-License-Identifier: Apache-2.0
// A circular doubly linked list whose links live in the elements: no allocation, O(1) unlink without the list at hand.
// An element derives from ListNode<Tag>; the tag lets one object stand in several lists. Elements unlink themselves
// when destroyed. A list must outlive nothing and owns nothing. Not thread safe.
#pragma once

#include "base/assert.h"

namespace tenfold {

template <typename Tag = void>
class ListNode {
 public:
  ListNode() = default;
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }

  /// Leaves whatever list this stands in; does nothing when it stands in none.
  void unlink() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T, typename U>
  friend class IntrusiveList;
  ListNode* next_ = nullptr;
  ListNode* previous_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
  using Node = ListNode<Tag>;

 public:
  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) front().Node::unlink();
  }

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return element_of(*head_.next_); }
  T& back() { return element_of(*head_.previous_); }

  /// REQUIRES: the element stands in no list of this tag.
  void push_back(T& element) { insert_before(head_, element); }
  void push_front(T& element) { insert_before(*head_.next_, element); }

  /// Unlinks and returns the first element, or nullptr when empty.
  T* pop_front() {
    if (empty()) return nullptr;
    T& element = front();
    static_cast<Node&>(element).unlink();
    return &element;
  }

  /// Moves all elements of `other` behind ours.
  void splice_back(IntrusiveList& other) {
    while (T* element = other.pop_front()) push_back(*element);
  }

  class Iterator {
   public:
    explicit Iterator(Node* node) : node_(node) {}
    T& operator*() const { return element_of(*node_); }
    Iterator& operator++() {
      node_ = IntrusiveList::next_of(node_);
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Node* node_;
  };
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

 private:
  static T& element_of(Node& node) { return static_cast<T&>(node); }
  static Node* next_of(Node* node) { return node->next_; }
  static void insert_before(Node& position, T& element) {
    Node& node = element;
    TENFOLD_ASSERT(!node.linked(), "an element stands in one list of a tag at a time");
    node.next_ = &position;
    node.previous_ = position.previous_;
    position.previous_->next_ = &node;
    position.previous_ = &node;
  }
  Node head_;
};

}  // namespace tenfold
