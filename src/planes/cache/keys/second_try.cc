// SPDX-License-Identifier: Apache-2.0
#include "planes/cache/keys/second_try.h"

namespace tenfold::cache {

void KeptRequest::keep(std::string_view first, std::string_view second, std::string_view key) {
  if (first.size() + second.size() + key.size() > sizeof(bytes_)) return;
  char* end = bytes_ + first.copy(bytes_, first.size());
  end += second.copy(end, second.size());
  key.copy(end, key.size());
  size_ = static_cast<std::uint8_t>(first.size() + second.size());
  key_size_ = static_cast<std::uint8_t>(key.size());
}

void KeptRequest::keep_large(std::string_view first, std::string_view second, std::string_view key, KeptBytes& of) {
  const std::size_t size = first.size() + second.size() + key.size();
  if (is_kept() || !of.take(size)) return;
  large_ = std::make_unique<Large>(Large{.bytes = {}, .key_size = key.size(), .of = of});
  large_->bytes.reserve(size);
  large_->bytes.append(key).append(first).append(second);
}

void KeptRequest::drop() {
  if (large_) large_->of.give_back(large_->bytes.size());
  large_.reset();
  size_ = 0;
}

void SecondTries::go_on(Instant now) {
  IntrusiveList<SecondTry, WaitingTag> waiting;
  waiting.splice_back(waiting_);
  while (SecondTry* next = waiting.pop_front()) next->try_again(now);
}

}  // namespace tenfold::cache
