// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace tenfold {

ErrorKind kind_of_errno(int system_errno) {
  switch (system_errno) {
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return ErrorKind::kReset;
    case ECONNREFUSED:
      return ErrorKind::kRefused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
      return ErrorKind::kUnreachable;
    case ETIMEDOUT:
    case ETIME:
      return ErrorKind::kTimeout;
    case ECANCELED:
      return ErrorKind::kCanceled;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
    case EAGAIN:
      return ErrorKind::kExhausted;
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV:
      return ErrorKind::kNotFound;
    case EACCES:
    case EPERM:
      return ErrorKind::kPermission;
    default:
      return ErrorKind::kSystem;
  }
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kClosed:
      return "closed";
    case ErrorKind::kReset:
      return "reset";
    case ErrorKind::kRefused:
      return "refused";
    case ErrorKind::kUnreachable:
      return "unreachable";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kCanceled:
      return "canceled";
    case ErrorKind::kProtocol:
      return "protocol error";
    case ErrorKind::kLimit:
      return "limit reached";
    case ErrorKind::kExhausted:
      return "out of resources";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kNotFound:
      return "not found";
    case ErrorKind::kPermission:
      return "not permitted";
    case ErrorKind::kSystem:
      return "system error";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  std::string text(error.context);
  text += ": ";
  text += name_of(error.kind);
  if (error.system_errno != 0) {
    text += " (";
    text += std::generic_category().message(error.system_errno);
    text += ")";
  }
  return text;
}

}  // namespace tenfold
