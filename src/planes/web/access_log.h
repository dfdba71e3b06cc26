// SPDX-License-Identifier: Apache-2.0
// The access log of one worker: a line of JSON for each request, gathered in a buffer and handed on in batches, so that
// a slow disk never holds up a request. Client bytes are escaped; a line is bounded.
// Thread rule: one worker's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "planes/plane.h"

namespace tenfold::web {

/// What is said of one request. Views live until write() returns.
struct AccessEntry {
  WallTime began;
  std::string_view service;  // "" when none was found
  std::string_view node;     // the address of the last one tried, "" when none was
  std::string_view client;   // the address that is believed to be the visitor's
  std::string_view method;
  std::string_view host;
  std::string_view target;
  std::string_view trace;    // the trace id of traceparent, 32 hex digits
  std::string_view failure;  // "" or the name of planes/web/failure.h
  std::string_view detail;   // more of the failure: what the parser or the system said
  int status = 0;            // 0: no response was sent
  int attempts = 0;
  std::uint64_t received_bytes = 0;  // of the request's body
  std::uint64_t sent_bytes = 0;      // of the response's body
  Duration duration{};               // from the request's head to the response's last byte
  Duration node_time{};              // from the request sent to the response's head
};

class AccessLog {
 public:
  /// `observer` outlives this.
  explicit AccessLog(planes::PlaneObserver& observer) : observer_(observer) {}

  void enable(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }

  void write(const AccessEntry& entry);
  /// Hands on what was gathered.
  void flush();

  std::uint64_t dropped_lines() const { return dropped_; }

 private:
  planes::PlaneObserver& observer_;
  bool enabled_ = true;
  std::string lines_;
  std::uint64_t line_count_ = 0;
  std::uint64_t dropped_ = 0;
  std::int64_t second_ = -1;  // the second that second_text_ is written for
  std::string second_text_;   // "2026-11-24T09:21:25"
};

}  // namespace tenfold::web
