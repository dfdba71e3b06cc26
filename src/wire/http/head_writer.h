// SPDX-License-Identifier: Apache-2.0
// Writes heads into memory of the caller's. Nothing is written beyond its end: ok() then says false, and the caller
// tries again with more room. Names and values come from parsed heads or from code; none holds CR, LF or NUL.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tenfold::http {

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> room) : start_(room.data()), at_(room.data()), end_(room.data() + room.size()) {}

  void text(std::string_view bytes) {
    if (has_room(bytes.size())) put(bytes);
  }

  void field(std::string_view name, std::string_view value) {
    if (!has_room(name.size() + value.size() + 4)) return;
    put(name);
    *at_++ = ':';
    *at_++ = ' ';
    put(value);
    *at_++ = '\r';
    *at_++ = '\n';
  }

  void field(std::string_view name, std::uint64_t value);
  /// "GET /path HTTP/1.1"
  void request_line(std::string_view method, std::string_view target);
  /// "HTTP/1.1 200 OK"; the standard phrase where `reason` is empty.
  void status_line(int status, std::string_view reason = {});
  /// The empty line.
  void end() { text("\r\n"); }

  bool ok() const { return ok_; }
  std::size_t size() const { return static_cast<std::size_t>(at_ - start_); }
  std::string_view written() const { return {start_, size()}; }

 private:
  bool has_room(std::size_t size) {
    ok_ = ok_ && static_cast<std::size_t>(end_ - at_) >= size;
    return ok_;
  }
  void put(std::string_view bytes) {
    if (bytes.empty()) return;  // an empty view may have no address
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

  char* start_;
  char* at_;
  char* end_;
  bool ok_ = true;
};

/// "Not Found" for 404; "Unknown" for a status without a name (RFC 9110 section 15).
std::string_view reason_phrase(int status);

}  // namespace tenfold::http
