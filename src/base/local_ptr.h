// SPDX-License-Identifier: Apache-2.0
// Shared ownership inside one thread: a counted pointer whose count is a plain integer in the object, where
// std::shared_ptr would pay for two atomic operations on every request. The object derives from LocalCounted.
// Thread rule: all pointers to one object live on one thread.
#pragma once

#include <cstdint>
#include <utility>

namespace tenfold {

class LocalCounted {
 public:
  LocalCounted() = default;
  LocalCounted(const LocalCounted&) = delete;
  LocalCounted& operator=(const LocalCounted&) = delete;

 private:
  template <typename T>
  friend class LocalPtr;
  std::uint32_t owners_ = 0;
};

template <typename T>
class LocalPtr {
 public:
  LocalPtr() = default;
  explicit LocalPtr(T* object) : object_(object) {
    if (object_ != nullptr) ++counted().owners_;
  }
  LocalPtr(const LocalPtr& other) : LocalPtr(other.object_) {}
  LocalPtr(LocalPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  LocalPtr& operator=(LocalPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~LocalPtr() {
    if (object_ != nullptr && --counted().owners_ == 0) delete object_;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  LocalCounted& counted() const { return *object_; }
  T* object_ = nullptr;
};

template <typename T, typename... Args>
LocalPtr<T> make_local(Args&&... args) {
  return LocalPtr<T>(new T(std::forward<Args>(args)...));
}

}  // namespace tenfold
