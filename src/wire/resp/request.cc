// SPDX-License-Identifier: Apache-2.0
#include "wire/resp/request.h"

#include <charconv>
#include <cstring>

#include "base/bytes.h"
#include "base/limits.h"
#include "wire/resp/bulk.h"

namespace tenfold::resp {
namespace {

constexpr std::string_view kInlineTooLong = "-ERR Protocol error: too big inline request\r\n";
constexpr std::string_view kUnbalanced = "-ERR Protocol error: unbalanced quotes in request\r\n";
constexpr std::string_view kBadMultibulk = "-ERR Protocol error: invalid multibulk length\r\n";
constexpr std::string_view kBadBulk = "-ERR Protocol error: invalid bulk length\r\n";
constexpr std::string_view kTooLarge = "-ERR Protocol error: too big request\r\n";
constexpr std::string_view kNoDollar = "-ERR Protocol error: expected '$'\r\n";
constexpr std::string_view kNoLineEnd = "-ERR Protocol error: expected CR LF behind a bulk string\r\n";
constexpr std::size_t kNumberLineBytesMost = 32;

ParseOutcome error(std::string_view reply) {
  return {.state = ParseState::kError, .reply = reply};
}

// A number between a type byte and CR LF.
enum class NumberState : std::uint8_t { kComplete, kNeedMore, kBad };
struct Number {
  NumberState state;
  std::int64_t value = 0;
  std::size_t line_bytes = 0;  // with the line end
};

Number read_number(std::string_view bytes) {
  std::size_t at = 0;
  const bool negative = !bytes.empty() && bytes.front() == '-';
  if (negative) ++at;
  std::int64_t value = 0;
  const std::size_t first_digit = at;
  while (at < bytes.size() && is_digit(bytes[at])) {
    if (at > kNumberLineBytesMost || value > (INT64_MAX - 9) / 10) return {NumberState::kBad};
    value = value * 10 + (bytes[at] - '0');
    ++at;
  }
  if (at >= bytes.size()) return {NumberState::kNeedMore};
  if (at == first_digit || bytes[at] != '\r') return {NumberState::kBad};
  // One spelling a number, as Redis takes them: no -0, no zeros in front.
  if (bytes[first_digit] == '0' && (negative || at > first_digit + 1)) return {NumberState::kBad};
  if (at + 1 >= bytes.size()) return {NumberState::kNeedMore};
  if (bytes[at + 1] != '\n') return {NumberState::kBad};
  return {NumberState::kComplete, negative ? -value : value, at + 2};
}

// An argument that is not all there yet, or wrong, or larger than others are: what it is short of. `at` goes behind it
// when it is there and right: then it is kComplete.
ParseOutcome take_other_argument(std::string_view bytes, std::size_t& at, std::uint64_t behind,
                                 const RequestLimits& limits, Request& request) {
  if (at >= bytes.size()) return {.wanted = at + kSmallestBulkBytes * (behind + 1)};
  if (bytes[at] != '$') return error(kNoDollar);
  const Number size = read_number(bytes.substr(at + 1));
  if (size.state == NumberState::kNeedMore) return {};
  if (size.state == NumberState::kBad || size.value < 0 ||
      static_cast<std::uint64_t>(size.value) > limits.bulk_bytes_most)
    return error(kBadBulk);
  const std::size_t start = at + 1 + size.line_bytes;
  const std::size_t end = start + static_cast<std::size_t>(size.value);
  if (end > limits.request_bytes_most) return error(kTooLarge);
  if (end + 2 > bytes.size()) return {.wanted = end + 2 + kSmallestBulkBytes * behind};
  if (bytes[end] != '\r' || bytes[end + 1] != '\n') return error(kNoLineEnd);
  request.arguments.push_back(bytes.substr(start, end - start));
  at = end + 2;
  return {.state = ParseState::kComplete};
}

ParseOutcome parse_array(std::string_view bytes, const RequestLimits& limits, Request& request) {
  const Number count = read_number(bytes.substr(1));
  if (count.state == NumberState::kNeedMore) return {};
  if (count.state == NumberState::kBad || count.value > static_cast<std::int64_t>(limits.arguments_most))
    return error(kBadMultibulk);
  std::size_t at = 1 + count.line_bytes;
  if (count.value <= 0) return {.state = ParseState::kEmpty, .consumed = at};
  for (auto left = static_cast<std::uint64_t>(count.value); left > 0; --left) {
    const WholeBulk bulk = whole_bulk(bytes.substr(at));
    const std::size_t end = at + bulk.bytes;
    if (bulk.bytes > 0 && bulk.text_bytes() <= limits.bulk_bytes_most && end <= limits.request_bytes_most) [[likely]] {
      request.arguments.emplace_back(bytes.data() + at + bulk.head_bytes, bulk.text_bytes());
      at = end;
      continue;
    }
    const ParseOutcome other = take_other_argument(bytes, at, left - 1, limits, request);
    if (other.state != ParseState::kComplete) return other;
  }
  request.bytes = at;
  return {.state = ParseState::kComplete, .consumed = at};
}

unsigned hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : 16;
}

// Takes a quoted word off `rest` into `out`; false when its quote does not end, or a word follows it at once.
bool take_quoted(std::string_view& rest, std::string& out) {
  const char quote = rest.front();
  for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
    char c = rest.front();
    if (c == quote) {
      rest.remove_prefix(1);
      return rest.empty() || rest.front() == ' ' || rest.front() == '\t';
    }
    if (c == '\\' && rest.size() > 1 && quote == '"') {
      if (rest.size() > 3 && rest[1] == 'x' && hex_digit(rest[2]) < 16 && hex_digit(rest[3]) < 16) {
        out += static_cast<char>(hex_digit(rest[2]) * 16 + hex_digit(rest[3]));
        rest.remove_prefix(3);
        continue;
      }
      rest.remove_prefix(1);
      constexpr std::string_view kLetters = "nrtba";
      constexpr std::string_view kMeanings = "\n\r\t\b\a";
      const std::size_t known = kLetters.find(rest.front());
      c = known == kLetters.npos ? rest.front() : kMeanings[known];
    } else if (c == '\\' && rest.size() > 1 && rest[1] == '\'' && quote == '\'') {
      rest.remove_prefix(1);
      c = '\'';
    }
    out += c;
  }
  return false;
}

ParseOutcome parse_inline(std::string_view bytes, Request& request) {
  const std::size_t line_end = bytes.find('\n');
  if (line_end > limits::kRespInlineBytesMost && bytes.size() > limits::kRespInlineBytesMost)
    return error(kInlineTooLong);
  if (line_end == bytes.npos) return {};
  std::string_view rest = bytes.substr(0, line_end);
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  request.is_inline = true;
  request.bytes = line_end + 1;
  request.unquoted.reserve(rest.size());  // so that views of it stay valid
  for (;;) {
    rest = trim(rest);
    if (rest.empty()) break;
    if (rest.front() == '"' || rest.front() == '\'') {
      const std::size_t start = request.unquoted.size();
      if (!take_quoted(rest, request.unquoted)) return error(kUnbalanced);
      request.arguments.push_back(std::string_view(request.unquoted).substr(start));
    } else {
      const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      request.arguments.push_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }
  const ParseState state = request.arguments.empty() ? ParseState::kEmpty : ParseState::kComplete;
  return {.state = state, .consumed = request.bytes};
}

}  // namespace

ParseOutcome parse_request(std::string_view bytes, const RequestLimits& limits, Request& request) {
  request.arguments.clear();
  request.unquoted.clear();
  request.is_inline = false;
  if (bytes.empty()) return {};
  return bytes.front() == '*' ? parse_array(bytes, limits, request) : parse_inline(bytes, request);
}

namespace {

// A type byte, a number and a line end; for every key of a split command, so without fmt.
void write_number_line(char type, std::size_t number, std::string& out) {
  char line[kNumberLineBytesMost];
  line[0] = type;
  char* end = std::to_chars(line + 1, line + sizeof line, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line, end);
}

}  // namespace

void write_array_head(std::size_t count, std::string& out) {
  write_number_line('*', count, out);
}

void write_bulk(std::string_view bytes, std::string& out) {
  write_number_line('$', bytes.size(), out);
  out.append(bytes).append("\r\n");
}

void write_request(const std::vector<std::string_view>& arguments, std::string& out) {
  write_array_head(arguments.size(), out);
  for (std::string_view argument : arguments) write_bulk(argument, out);
}

}  // namespace tenfold::resp
