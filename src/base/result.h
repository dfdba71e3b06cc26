// SPDX-License-Identifier: Apache-2.0
// Errors are values. A Result<T> holds a T or an Error, and an Error says what went wrong, whose fault it was, and
// whether the same work may be tried again. An Error is trivially copyable, so that a Result costs nothing on the
// request path: its context is text with static lifetime.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tenfold {

enum class ErrorKind : std::uint8_t {
  kClosed,       // the peer ended the connection in an orderly way
  kReset,        // the peer or the network broke the connection
  kRefused,      // nobody listens there
  kUnreachable,  // no route, no such host, no such socket file
  kTimeout,      // a deadline passed
  kCanceled,     // a stop was requested from above
  kProtocol,     // the bytes break the protocol
  kLimit,        // a named limit was reached
  kExhausted,    // the operating system is out of descriptors, memory or ports
  kUnavailable,  // no node can take the work
  kNotFound,
  kPermission,
  kSystem,  // any other failure of a system call
};

/// Whose fault it was: towards the client, towards the node, or our own.
enum class ErrorSource : std::uint8_t { kDownstream, kUpstream, kInternal };

/// Whether the same work may be sent again: kSafe only where it surely did not run.
enum class Retry : std::uint8_t { kNever, kSafe };

struct Error {
  ErrorKind kind = ErrorKind::kSystem;
  ErrorSource source = ErrorSource::kInternal;
  Retry retry = Retry::kNever;
  int system_errno = 0;      // 0 where no system call was involved
  std::string_view context;  // static text: what was being done

  bool operator==(const Error&) const = default;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string_view context, int system_errno = 0) {
  return std::unexpected(Error{.kind = kind, .system_errno = system_errno, .context = context});
}

/// The kind that an errno of a socket or file call stands for.
ErrorKind kind_of_errno(int system_errno);

/// A failed system call as an Error of the matching kind.
inline std::unexpected<Error> fail_errno(int system_errno, std::string_view context) {
  return fail(kind_of_errno(system_errno), context, system_errno);
}

std::string_view name_of(ErrorKind kind);

/// One line for people: "connect: refused (Connection refused)".
std::string to_string(const Error& error);

}  // namespace tenfold
