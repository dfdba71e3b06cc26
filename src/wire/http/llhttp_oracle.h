// SPDX-License-Identifier: Apache-2.0
// What llhttp, the parser of Node.js, reads in a message, for tests and fuzzers that compare our parser with it.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenfold::http {

struct OracleReading {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  std::string problem;  // why it refuses; empty when it does not
  bool head_complete = false;
  std::string method;
  std::string target;
  int status = 0;
  Fields fields;
  bool chunked = false;
  bool until_close = false;
  std::uint64_t content_length = 0;
  bool keep_alive = false;

  bool message_complete = false;
  std::size_t message_bytes = 0;  // of the head, the body and its trailers
  std::string body;
  Fields trailers;
};

/// Reads one message, strictly. One object reads once; not thread safe.
class LlhttpOracle {
 public:
  enum class Extent : std::uint8_t { kHead, kMessage };

  LlhttpOracle(llhttp_type_t type, Extent extent) : extent_(extent) {
    llhttp_settings_init(&settings_);
    settings_.on_url = append_target;
    settings_.on_header_field = append_name;
    settings_.on_header_value = append_value;
    settings_.on_header_value_complete = end_value;
    settings_.on_headers_complete = end_head;
    settings_.on_body = append_body;
    settings_.on_message_complete = end_message;
    llhttp_init(&parser_, type, &settings_);
    parser_.data = this;
  }
  LlhttpOracle(const LlhttpOracle&) = delete;
  LlhttpOracle& operator=(const LlhttpOracle&) = delete;

  OracleReading read(std::string_view bytes) && {
    const llhttp_errno_t outcome = llhttp_execute(&parser_, bytes.data(), bytes.size());
    const bool fine = outcome == HPE_OK || outcome == HPE_PAUSED || outcome == HPE_PAUSED_UPGRADE;
    const bool wanted = extent_ == Extent::kHead ? reading_.head_complete : reading_.message_complete;
    if (!fine && !wanted) reading_.problem = std::string(llhttp_errno_name(outcome)) + ", " + parser_.reason;
    if (reading_.message_complete)
      reading_.message_bytes = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
    return std::move(reading_);
  }

 private:
  static LlhttpOracle& self(llhttp_t* parser) { return *static_cast<LlhttpOracle*>(parser->data); }
  OracleReading::Fields& fields() { return reading_.head_complete ? reading_.trailers : reading_.fields; }

  static int append_target(llhttp_t* parser, const char* at, std::size_t size) {
    self(parser).reading_.target.append(at, size);
    return 0;
  }

  static int append_name(llhttp_t* parser, const char* at, std::size_t size) {
    LlhttpOracle& oracle = self(parser);
    if (!std::exchange(oracle.in_field_, true)) oracle.fields().emplace_back();
    oracle.fields().back().first.append(at, size);
    return 0;
  }

  static int append_value(llhttp_t* parser, const char* at, std::size_t size) {
    self(parser).fields().back().second.append(at, size);
    return 0;
  }

  static int end_value(llhttp_t* parser) {
    self(parser).in_field_ = false;
    return 0;
  }

  static int end_head(llhttp_t* parser) {
    LlhttpOracle& oracle = self(parser);
    OracleReading& reading = oracle.reading_;
    reading.head_complete = true;
    if (parser->type == HTTP_REQUEST) reading.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    reading.status = parser->status_code;
    reading.chunked = (parser->flags & F_CHUNKED) != 0;
    reading.until_close = llhttp_message_needs_eof(parser) != 0;
    reading.content_length = parser->content_length;
    reading.keep_alive = llhttp_should_keep_alive(parser) != 0;
    return oracle.extent_ == Extent::kHead ? HPE_PAUSED : 0;
  }

  static int append_body(llhttp_t* parser, const char* at, std::size_t size) {
    self(parser).reading_.body.append(at, size);
    return 0;
  }

  static int end_message(llhttp_t* parser) {
    self(parser).reading_.message_complete = true;
    return HPE_PAUSED;
  }

  Extent extent_;
  llhttp_settings_t settings_;
  llhttp_t parser_;
  OracleReading reading_;
  bool in_field_ = false;
};

}  // namespace tenfold::http
