// SPDX-License-Identifier: Apache-2.0
#include "wire/http/parse_head.h"

#include <algorithm>
#include <array>

#include "wire/http/characters.h"
#include "wire/http/list.h"

namespace tenfold::http {
namespace {

ParseOutcome error(int status, std::string_view reason) {
  return {.state = ParseState::kError, .status = status, .reason = reason};
}

constexpr ParseOutcome kNeedMore{};

// A place in the bytes of a head. Helpers that fail set `outcome` and return false.
struct Cursor {
  const char* at;
  const char* end;
  ParseOutcome outcome;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  bool need_more() {
    outcome = kNeedMore;
    return false;
  }
  bool fail(int status, std::string_view reason) {
    outcome = error(status, reason);
    return false;
  }
  // CR LF, and nothing else.
  bool line_end() {
    if (at == end) return need_more();
    if (*at != '\r') return fail(400, "a line does not end in CR LF");
    if (left() < 2) return need_more();
    if (at[1] != '\n') return fail(400, "a carriage return stands alone");
    at += 2;
    return true;
  }
};

Method method_of(std::string_view text) {
  switch (text.size()) {
    case 3:
      if (text == "GET") return Method::kGet;
      if (text == "PUT") return Method::kPut;
      break;
    case 4:
      if (text == "POST") return Method::kPost;
      if (text == "HEAD") return Method::kHead;
      break;
    case 5:
      if (text == "PATCH") return Method::kPatch;
      if (text == "TRACE") return Method::kTrace;
      break;
    case 6:
      if (text == "DELETE") return Method::kDelete;
      break;
    case 7:
      if (text == "OPTIONS") return Method::kOptions;
      if (text == "CONNECT") return Method::kConnect;
      break;
    default:
      break;
  }
  return Method::kOther;
}

// -- The first line ------------------------------------------------------------------------------------------------

constexpr std::size_t kMethodBytesMost = 32;

bool parse_method(Cursor& in, RequestHead& head) {
  const char* start = in.at;
  while (in.at != in.end && is_token(*in.at)) ++in.at;
  const auto size = static_cast<std::size_t>(in.at - start);
  if (size > kMethodBytesMost) return in.fail(501, "the method is too long");
  if (in.at == in.end) return in.need_more();
  if (size == 0 || *in.at != ' ') return in.fail(400, "the request line does not begin with a method and one space");
  head.method_text = {start, size};
  head.method = method_of(head.method_text);
  ++in.at;
  return true;
}

bool parse_target(Cursor& in, RequestHead& head) {
  const char* start = in.at;
  bool plain = true;
  char before = 0;
  while (in.at != in.end && is_target(*in.at)) {
    if (*in.at == '%' || *in.at == '\\' || (*in.at == '.' && before == '/')) plain = false;
    before = *in.at++;
  }
  const auto size = static_cast<std::size_t>(in.at - start);
  if (size > limits::kHttpTargetBytesMost) return in.fail(414, "the target is too long");
  if (in.at == in.end) return in.need_more();
  if (*in.at != ' ' || size == 0) return in.fail(400, "the target holds a byte that has no place there");
  head.target = {start, size};
  head.plain_target = plain;
  ++in.at;
  return true;
}

// "HTTP/1.1" or "HTTP/1.0"; other versions of HTTP are refused as such.
bool parse_version(Cursor& in, Version& version) {
  constexpr std::string_view kName = "HTTP/";
  constexpr std::size_t kSize = 8;
  const std::string_view text(in.at, std::min(in.left(), kSize));
  if (!text.starts_with(kName.substr(0, text.size()))) return in.fail(400, "the version of the protocol is not HTTP");
  if (text.size() < kSize) return in.need_more();
  if (!is_digit(text[5]) || text[6] != '.' || !is_digit(text[7])) return in.fail(400, "the version is malformed");
  if (text[5] != '1' || text[7] > '1') return in.fail(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  version = text[7] == '1' ? Version::k11 : Version::k10;
  in.at += kSize;
  return true;
}

// -- Fields --------------------------------------------------------------------------------------------------------

// Names of nodes may hold underscores. Of clients they are refused: to many an application "X_Y" is "X-Y", and so a
// field that was taken from a client would come back.
bool parse_field(Cursor& in, FieldList& fields, Sender from) {
  const char* start = in.at;
  bool underscore = false;
  while (in.at != in.end && is_token(*in.at)) underscore |= *in.at++ == '_';
  if (in.at == in.end) return in.need_more();
  const std::string_view name(start, static_cast<std::size_t>(in.at - start));
  if (*in.at != ':' || name.empty()) {
    const bool folded = name.empty() && (*in.at == ' ' || *in.at == '\t');
    return in.fail(400, folded ? "a field is folded over several lines" : "a field's name is not followed by a colon");
  }
  if (underscore && from == Sender::kClient) return in.fail(400, "a field's name holds an underscore");
  ++in.at;
  const char* value = in.at;
  while (in.at != in.end && is_field_value(*in.at)) ++in.at;
  if (in.at == in.end) return in.need_more();
  if (*in.at != '\r') return in.fail(400, "a field's value holds a control byte");
  const std::string_view text = trim({value, static_cast<std::size_t>(in.at - value)});
  if (!in.line_end()) return false;
  if (fields.full()) return in.fail(431, "there are too many fields");
  fields.add({name, text, find_field_name(name)});
  return true;
}

// All fields and the empty line behind them.
bool parse_fields(Cursor& in, FieldList& fields, Sender from) {
  fields.clear();
  for (;;) {
    if (in.at == in.end) return in.need_more();
    if (*in.at == '\r') return in.line_end();
    if (!parse_field(in, fields, from)) return false;
  }
}

// -- Meaning -------------------------------------------------------------------------------------------------------

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  std::size_t count = 0;  // of all, with the empty ones: a list of commas is a long list too
};

// The options of one Connection field; false when they are over their limits.
bool read_options(std::string_view list, ConnectionOptions& options, NamedFields& named) {
  while (!list.empty()) {
    const std::string_view option = take_element(list, Quotes::kNone);
    if (++options.count > limits::kHttpConnectionOptionsMost) return false;
    if (equals_ignore_case(option, "close")) {
      options.close = true;
    } else if (equals_ignore_case(option, "keep-alive")) {
      options.keep_alive = true;
    } else if (equals_ignore_case(option, "upgrade")) {
      options.upgrade = true;
    } else if (option.size() > limits::kHttpConnectionOptionBytesMost) {
      return false;
    } else if (!option.empty()) {
      named.add(option);
    }
  }
  return true;
}

// "name", "10.0.0.1:80", "[::1]:80" (RFC 3986 section 3.2), or nothing. No user information, no escapes, and one colon
// outside brackets at most: what follows it is the port to everyone.
bool is_authority(std::string_view text) {
  if (text.empty()) return true;
  const bool literal = text.starts_with('[');
  const std::string_view host = literal ? text.substr(1, text.find(']') - 1) : text.substr(0, text.find(':'));
  std::string_view rest = text.substr(host.size() + (literal ? 1 : 0));
  if (literal) {
    if (!rest.starts_with(']')) return false;
    rest.remove_prefix(1);
  }
  const bool host_good =
      literal ? std::ranges::all_of(host, is_address_literal) : std::ranges::all_of(host, is_registered_name);
  const bool port_good = rest.empty() || (rest.front() == ':' && std::ranges::all_of(rest.substr(1), is_digit));
  return !host.empty() && host_good && port_good;
}

// What the fields say together, for requests and responses alike.
struct Facts {
  const Field* length = nullptr;
  const Field* transfer_encoding = nullptr;
  const Field* host = nullptr;
  const Field* expect = nullptr;
  const Field* upgrade = nullptr;
  ConnectionOptions connection;
  std::string_view problem;  // a field that may stand once stands twice, or Connection goes on and on
};

Facts gather(const FieldList& fields, NamedFields& named) {
  Facts facts;
  named.clear();
  const auto once = [&facts](const Field*& place, const Field& field, std::string_view problem) {
    if (place != nullptr) facts.problem = problem;
    place = &field;
  };
  for (const Field& field : fields.all()) {
    switch (field.known) {
      case FieldName::kContentLength:
        once(facts.length, field, "there are several Content-Length fields");
        break;
      case FieldName::kTransferEncoding:
        once(facts.transfer_encoding, field, "there are several Transfer-Encoding fields");
        break;
      case FieldName::kHost:
        once(facts.host, field, "there are several Host fields");
        break;
      case FieldName::kExpect:
        once(facts.expect, field, "there are several Expect fields");
        break;
      case FieldName::kUpgrade:
        facts.upgrade = &field;
        break;
      case FieldName::kConnection:
        if (!read_options(field.value, facts.connection, named))
          facts.problem = "Connection has too many options, or one that is too long";
        break;
      default:
        break;
    }
  }
  return facts;
}

// A tab behind a value is white space by the grammar, and part of the value to some servers (llhttp among them).
bool has_tab_behind(const Field& field) {
  const char* at = field.value.data() + field.value.size();
  while (*at == ' ') ++at;
  return *at == '\t';
}

// RFC 9112 section 6: what frames the body, refused wherever two readings are possible.
bool read_framing(const Facts& facts, MessageHead& head, ParseOutcome& outcome) {
  if (!facts.problem.empty()) {
    outcome = error(400, facts.problem);
    return false;
  }
  head.body = Body::kNone;
  head.content_length = 0;
  for (const Field* field : {facts.transfer_encoding, facts.length}) {
    if (field != nullptr && has_tab_behind(*field)) {
      outcome = error(400, "a field that frames the body has a tab behind its value");
      return false;
    }
  }
  if (facts.transfer_encoding != nullptr) {
    if (facts.length != nullptr)
      outcome = error(400, "Content-Length and Transfer-Encoding stand together");
    else if (head.version == Version::k10)
      outcome = error(400, "Transfer-Encoding stands in HTTP/1.0");
    else if (!equals_ignore_case(facts.transfer_encoding->value, "chunked"))
      outcome = error(400, "Transfer-Encoding is not exactly 'chunked'");
    head.body = Body::kChunked;
    return outcome.state != ParseState::kError;
  }
  if (facts.length != nullptr) {
    const auto length = parse_decimal(facts.length->value);
    if (!length || *length > static_cast<std::uint64_t>(INT64_MAX)) {
      outcome = error(400, "Content-Length is not a plain number");
      return false;
    }
    head.content_length = *length;
    head.body = Body::kLength;
  }
  return true;
}

void read_connection(const Facts& facts, MessageHead& head) {
  const ConnectionOptions& options = facts.connection;
  head.keep_alive = !options.close && (head.version == Version::k11 || options.keep_alive);
  head.upgrade = options.upgrade && facts.upgrade != nullptr ? facts.upgrade->value : std::string_view();
}

// Absolute form: its authority takes the place of Host, and what follows becomes the target (RFC 9112 section 3.2.2).
// Without a path, OPTIONS is of the server as a whole (section 3.2.4).
bool read_absolute_form(RequestHead& head) {
  constexpr std::string_view kHttp = "http://";
  if (head.target.size() < kHttp.size() || !equals_ignore_case(head.target.substr(0, kHttp.size()), kHttp))
    return false;
  const std::string_view rest = head.target.substr(kHttp.size());
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head.host = rest.substr(0, end);
  head.target = rest.substr(end);
  if (head.target.empty()) {
    head.target = head.method == Method::kOptions ? "*" : "/";
    head.plain_target = true;
  } else if (head.target.front() == '?') {
    head.plain_target = false;  // its path is yet to be written
  }
  return !head.host.empty();
}

bool read_target(const Facts& facts, RequestHead& head, ParseOutcome& outcome) {
  if (head.method == Method::kConnect) {
    outcome = error(501, "CONNECT is not served");
    return false;
  }
  if (facts.host == nullptr && head.version == Version::k11) {
    outcome = error(400, "the Host field is missing");
    return false;
  }
  head.host = facts.host != nullptr ? facts.host->value : std::string_view();
  const bool is_host_good = is_authority(head.host);
  const bool is_path = head.target.front() == '/' || (head.target == "*" && head.method == Method::kOptions);
  if (!is_path && !read_absolute_form(head)) {
    outcome = error(400, "the target is neither a path nor a URL of this protocol");
    return false;
  }
  if (!is_host_good || (!is_path && !is_authority(head.host))) {
    outcome = error(400, "the Host field is malformed");
    return false;
  }
  return true;
}

ParseOutcome complete(const Cursor& in, std::string_view bytes) {
  const auto size = static_cast<std::size_t>(in.at - bytes.data());
  if (size > limits::kHttpHeadBytesMost) return error(431, "the head is too large");
  return {.state = ParseState::kComplete, .head_bytes = size};
}

// The outcome of a helper that failed; a head that is over the limit already is not waited for.
ParseOutcome stopped(const Cursor& in, std::string_view bytes) {
  if (in.outcome.state == ParseState::kNeedMore && bytes.size() >= limits::kHttpHeadBytesMost)
    return error(431, "the head is too large");
  return in.outcome;
}

}  // namespace

ParseOutcome parse_request_head(std::string_view bytes, RequestHead& head) {
  Cursor in{bytes.data(), bytes.data() + bytes.size(), {}};
  if (bytes.starts_with('\r') && !in.line_end()) return in.outcome;
  if (!parse_method(in, head) || !parse_target(in, head) || !parse_version(in, head.version) || !in.line_end() ||
      !parse_fields(in, head.fields, Sender::kClient)) {
    return stopped(in, bytes);
  }
  ParseOutcome outcome;
  const Facts facts = gather(head.fields, head.named_by_connection);
  if (!read_framing(facts, head, outcome) || !read_target(facts, head, outcome)) return outcome;
  read_connection(facts, head);
  // RFC 9110 section 10.1.1: in HTTP/1.0 the expectation is ignored.
  head.expects_continue = facts.expect != nullptr && head.version == Version::k11;
  if (facts.expect != nullptr && !equals_ignore_case(facts.expect->value, "100-continue"))
    return error(417, "only 100-continue can be expected");
  return complete(in, bytes);
}

ParseOutcome parse_response_head(std::string_view bytes, Method request_method, ResponseHead& head) {
  Cursor in{bytes.data(), bytes.data() + bytes.size(), {}};
  if (!parse_version(in, head.version)) return stopped(in, bytes);
  // " 200 Reason", " 200 " or " 200": servers of every kind are in use.
  if (in.left() < 5) return stopped(in, bytes);
  const std::string_view code(in.at + 1, 3);
  if (in.at[0] != ' ' || !std::ranges::all_of(code, is_digit) || code[0] == '0')
    return error(400, "the status is malformed");
  head.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  in.at += 4;
  const char* reason = in.at;
  if (*in.at != ' ' && *in.at != '\r') return error(400, "the status is malformed");
  while (in.at != in.end && is_field_value(*in.at)) ++in.at;
  head.reason = trim({reason, static_cast<std::size_t>(in.at - reason)});
  if (!in.line_end() || !parse_fields(in, head.fields, Sender::kNode)) return stopped(in, bytes);
  ParseOutcome outcome;
  const Facts facts = gather(head.fields, head.named_by_connection);
  if (!read_framing(facts, head, outcome)) return outcome;
  read_connection(facts, head);
  const bool no_body = request_method == Method::kHead || head.status < 200 || head.status == 204 || head.status == 304;
  if (no_body) {
    head.body = Body::kNone;
  } else if (head.body == Body::kNone) {
    head.body = Body::kUntilClose;
  }
  if (head.body == Body::kUntilClose) head.keep_alive = false;
  return complete(in, bytes);
}

ParseOutcome parse_trailers(std::string_view bytes, Sender from, FieldList& fields) {
  Cursor in{bytes.data(), bytes.data() + bytes.size(), {}};
  if (!parse_fields(in, fields, from)) return in.outcome;
  for (const Field& field : fields.all()) {
    switch (field.known) {
      case FieldName::kContentLength:
      case FieldName::kTransferEncoding:
      case FieldName::kTrailer:
      case FieldName::kHost:
      case FieldName::kConnection:
      case FieldName::kTe:
      case FieldName::kUpgrade:
      case FieldName::kExpect:
      case FieldName::kAuthorization:
      case FieldName::kCookie:
      case FieldName::kRange:
        return error(400, "a field that frames or routes a message stands in its trailer");
      default:
        break;
    }
  }
  return complete(in, bytes);
}

bool may_be_whole_head(std::string_view bytes, std::size_t seen) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t from = seen > kEnd.size() ? seen - kEnd.size() : 0;
  return bytes.find(kEnd, from) != bytes.npos || bytes.size() >= limits::kHttpHeadBytesMost;
}

}  // namespace tenfold::http
