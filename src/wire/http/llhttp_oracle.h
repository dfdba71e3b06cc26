// SPDX-License-Identifier: Apache-2.0
// What llhttp, the parser of Node.js, reads in a request: for tests and fuzzers, which compare our parser with it.
// Whatever we admit, it must read in the same way; it may admit more.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/http/message.h"

namespace tenfold::http {

struct OracleReading {
  bool head_complete = false;
  std::string problem;  // why it refuses; empty when it does not
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  bool chunked = false;
  std::uint64_t content_length = 0;
};

namespace detail {

inline OracleReading& reading_of(llhttp_t* parser) {
  return *static_cast<OracleReading*>(parser->data);
}

inline int append_target(llhttp_t* parser, const char* at, std::size_t size) {
  reading_of(parser).target.append(at, size);
  return 0;
}

inline int append_name(llhttp_t* parser, const char* at, std::size_t size) {
  auto& fields = reading_of(parser).fields;
  if (fields.empty() || parser->initial_message_completed == 1) fields.emplace_back();
  parser->initial_message_completed = 0;
  fields.back().first.append(at, size);
  return 0;
}

inline int append_value(llhttp_t* parser, const char* at, std::size_t size) {
  reading_of(parser).fields.back().second.append(at, size);
  return 0;
}

inline int value_complete(llhttp_t* parser) {
  parser->initial_message_completed = 1;  // the next name begins a new field
  return 0;
}

inline int headers_complete(llhttp_t* parser) {
  OracleReading& reading = reading_of(parser);
  reading.head_complete = true;
  reading.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
  reading.chunked = (parser->flags & F_CHUNKED) != 0;
  reading.content_length = parser->content_length;
  return HPE_PAUSED;
}

}  // namespace detail

/// Reads the head of one request.
inline OracleReading read_with_llhttp(std::string_view bytes) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = detail::append_target;
  settings.on_header_field = detail::append_name;
  settings.on_header_value = detail::append_value;
  settings.on_header_value_complete = detail::value_complete;
  settings.on_headers_complete = detail::headers_complete;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  OracleReading reading;
  parser.data = &reading;
  const llhttp_errno_t outcome = llhttp_execute(&parser, bytes.data(), bytes.size());
  const bool fine =
      outcome == HPE_OK || outcome == HPE_PAUSED || outcome == HPE_PAUSED_UPGRADE || reading.head_complete;
  if (!fine) reading.problem = llhttp_errno_name(outcome);
  return reading;
}

/// How the two readings of an admitted head differ; "" when they do not.
inline std::string difference_from_llhttp(std::string_view bytes, const RequestHead& head) {
  const OracleReading oracle = read_with_llhttp(bytes);
  if (!oracle.problem.empty()) return "llhttp refuses: " + oracle.problem;
  if (!oracle.head_complete) return "llhttp needs more";
  if (oracle.method != head.method_text) return "the method is " + oracle.method;
  if (!oracle.target.ends_with(head.target) && head.target != "/") return "the target is " + oracle.target;
  if (oracle.fields.size() != head.fields.all().size()) return "the number of fields";
  for (std::size_t i = 0; i < oracle.fields.size(); ++i) {
    const Field& field = head.fields.all()[i];
    if (oracle.fields[i].first != field.name || trim(oracle.fields[i].second) != field.value)
      return "the field " + oracle.fields[i].first;
  }
  if (oracle.chunked != (head.body == Body::kChunked)) return "the transfer coding";
  if (head.body == Body::kLength && oracle.content_length != head.content_length) return "the length";
  return {};
}

}  // namespace tenfold::http
