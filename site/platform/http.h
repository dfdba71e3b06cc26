// SPDX-License-Identifier: Apache-2.0
// Requests and responses as the site's modules see them: no word of the HTTP library. Values of one thread.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace site {

/// Decoded parameters of a query or a form; of a name given twice, the last.
class Fields {
 public:
  void set(std::string name, std::string value) { values_.insert_or_assign(std::move(name), std::move(value)); }

  /// The value, or "" if there is none.
  std::string_view text(std::string_view name) const;

  /// The value if it is a decimal number of [least, most].
  std::optional<std::int64_t> number(std::string_view name, std::int64_t least, std::int64_t most) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads "a=1&b=x+y%21".
Fields parse_form(std::string_view body);

/// The text as it may stand in a query: all but unreserved characters as %XX (RFC 3986, section 2.3).
std::string url_encode(std::string_view text);

/// Receives an uploaded body in pieces; false stops the upload.
struct UploadSink {
  std::function<bool(const std::string& name)> on_part;  // the form field that the following bytes belong to
  std::function<bool(std::string_view bytes)> on_bytes;
};

/// Streams the body of a request into a sink. False when the client went away, sent too much, or the sink stopped it.
using Upload = std::function<bool(const UploadSink&)>;

struct Request {
  std::string method;
  std::string path;     // decoded, and without the ".json" that asks for JSON
  bool json = false;    // the reply is to be JSON instead of HTML
  std::int64_t id = 0;  // what stood for {id} in the route
  std::string session;  // the session cookie, or ""
  std::string csrf;     // the X-CSRF-Token field, or ""
  Fields query;
  Fields form;    // of a POST that is not an upload
  Upload upload;  // of an upload
};

struct Response {
  int status = 200;
  std::string type = "text/html; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Thrown by a handler that cannot answer: becomes an error page (or JSON) with this status.
struct HttpError : std::exception {
  HttpError(int code, std::string text) : status(code), message(std::move(text)) {}
  const char* what() const noexcept override { return message.c_str(); }

  int status;
  std::string message;  // for the visitor
};

}  // namespace site
