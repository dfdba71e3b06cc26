// SPDX-License-Identifier: Apache-2.0
// How our reading of a message differs from llhttp's. Whatever we admit, llhttp must read in the same way (the node
// must parse exactly what was admitted); it may admit more. Each function says "" when there is no
// difference. Where the two are known to differ, in a way that cannot move a message's end, the comment says so.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "wire/http/chunked.h"
#include "wire/http/llhttp_oracle.h"
#include "wire/http/message.h"
#include "wire/http/parse_head.h"

namespace tenfold::http {

inline std::string difference_in_fields(const OracleReading::Fields& theirs, std::span<const Field> ours) {
  if (theirs.size() != ours.size()) return "the number of fields is " + std::to_string(theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto& [name, value] = theirs[i];
    // llhttp leaves the tabs behind a value in place.
    if (name != ours[i].name || trim(value) != ours[i].value) return "the field " + name + " is '" + value + "'";
  }
  return {};
}

inline std::string difference_in_head(const OracleReading& theirs, const MessageHead& ours) {
  if (theirs.chunked != (ours.body == Body::kChunked)) return "the transfer coding";
  if (ours.body == Body::kLength && theirs.content_length != ours.content_length) return "the length";
  // A keep-alive that HTTP/1.0 asks for, with a tab behind it, is none to llhttp; a connection closed early harms
  // nobody.
  if (ours.version == Version::k11 && ours.keep_alive && !theirs.keep_alive) return "llhttp closes the connection";
  return difference_in_fields(theirs.fields, ours.fields.all());
}

/// `bytes` are the head that we admitted as `ours`.
inline std::string difference_in_request(std::string_view bytes, const RequestHead& ours) {
  const OracleReading theirs = LlhttpOracle(HTTP_REQUEST, LlhttpOracle::Extent::kHead).read(bytes);
  // llhttp has a list of methods, and of which protocol each is; a method that we only pass on may not be on it.
  if (!theirs.problem.empty()) return ours.method == Method::kOther ? "" : "llhttp refuses: " + theirs.problem;
  if (!theirs.head_complete) return "llhttp needs more";
  if (theirs.method != ours.method_text) return "the method is " + theirs.method;
  // Of the absolute form, "http://host/path", the path is our target; an empty one is "/", or "*" for OPTIONS.
  std::string_view target = theirs.target;
  if (target != ours.target) {
    constexpr std::string_view kHttp = "http://";
    if (!target.starts_with('h') && !target.starts_with('H')) return "the target is " + theirs.target;
    target.remove_prefix(kHttp.size());
    if (!target.starts_with(ours.host)) return "the authority is that of " + theirs.target;
    target.remove_prefix(ours.host.size());
    if (target.empty()) target = ours.method == Method::kOptions ? "*" : "/";
    if (target != ours.target) return "the target is " + theirs.target;
  }
  return difference_in_head(theirs, ours);
}

/// `bytes` are the head, of a response to a GET, that we admitted as `ours`.
inline std::string difference_in_response(std::string_view bytes, const ResponseHead& ours) {
  const OracleReading theirs = LlhttpOracle(HTTP_RESPONSE, LlhttpOracle::Extent::kHead).read(bytes);
  if (!theirs.problem.empty()) return "llhttp refuses: " + theirs.problem;
  if (!theirs.head_complete) return "llhttp needs more";
  if (theirs.status != ours.status) return "the status is " + std::to_string(theirs.status);
  // llhttp leaves it to its callers that a 1xx, 204 or 304 has no body whatever its fields say (RFC 9112 section 6.3).
  if (ours.body == Body::kNone) return difference_in_fields(theirs.fields, ours.fields.all());
  if (theirs.until_close != (ours.body == Body::kUntilClose)) return "whether the end of the connection ends the body";
  return difference_in_head(theirs, ours);
}

/// `bytes` begin with a chunked body of `body_bytes` that we admitted, with this content and trailer section.
inline std::string difference_in_chunks(std::string_view bytes, std::size_t body_bytes, std::string_view content,
                                        std::string_view trailers) {
  constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string message = std::string(kHead).append(bytes);
  const OracleReading theirs = LlhttpOracle(HTTP_REQUEST, LlhttpOracle::Extent::kMessage).read(message);
  // We drop extensions unread; llhttp knows their grammar and refuses more of them.
  const bool extended = bytes.substr(0, body_bytes).contains(';');
  if (!theirs.problem.empty()) return extended ? "" : "llhttp refuses: " + theirs.problem;
  if (!theirs.message_complete) return "llhttp needs more";
  if (theirs.message_bytes != kHead.size() + body_bytes) return "the end of the body";
  if (theirs.body != content) return "the content";
  FieldList fields;
  if (!trailers.empty() && parse_trailers(trailers, Sender::kClient, fields).state != ParseState::kComplete)
    return "no trailers of ours";
  return difference_in_fields(theirs.trailers, fields.all());
}

}  // namespace tenfold::http
