// SPDX-License-Identifier: Apache-2.0
// A file that is written piece by piece and appears under its name only when it is whole. One thread's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace site {

class NewFile {
 public:
  /// Opens a hidden file in `folder`. Throws std::system_error, as do the other members.
  NewFile(const std::string& folder, const std::string& name);
  /// Removes the hidden file if publish() was not called.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes);

  /// Flushes to disk, and gives the file its name, in place of any older one.
  void publish();

  std::size_t size_bytes() const { return size_bytes_; }

 private:
  std::string hidden_path_;
  std::string path_;
  int descriptor_ = -1;
  std::size_t size_bytes_ = 0;
};

}  // namespace site
