// SPDX-License-Identifier: Apache-2.0
#include "wire/http/field_name.h"

#include "base/bytes.h"

namespace tenfold::http {
namespace {

struct Known {
  std::string_view name;
  FieldName value;
};

constexpr std::array kKnown = {
    Known{"host", FieldName::kHost},
    Known{"connection", FieldName::kConnection},
    Known{"keep-alive", FieldName::kKeepAlive},
    Known{"proxy-connection", FieldName::kProxyConnection},
    Known{"te", FieldName::kTe},
    Known{"trailer", FieldName::kTrailer},
    Known{"transfer-encoding", FieldName::kTransferEncoding},
    Known{"content-length", FieldName::kContentLength},
    Known{"upgrade", FieldName::kUpgrade},
    Known{"http2-settings", FieldName::kHttp2Settings},
    Known{"expect", FieldName::kExpect},
    Known{"forwarded", FieldName::kForwarded},
    Known{"x-forwarded-for", FieldName::kXForwardedFor},
    Known{"x-forwarded-proto", FieldName::kXForwardedProto},
    Known{"x-forwarded-host", FieldName::kXForwardedHost},
    Known{"x-real-ip", FieldName::kXRealIp},
    Known{"traceparent", FieldName::kTraceparent},
    Known{"cookie", FieldName::kCookie},
    Known{"date", FieldName::kDate},
    Known{"server", FieldName::kServer},
    Known{"range", FieldName::kRange},
    Known{"if-range", FieldName::kIfRange},
    Known{"if-match", FieldName::kIfMatch},
    Known{"if-none-match", FieldName::kIfNoneMatch},
    Known{"if-modified-since", FieldName::kIfModifiedSince},
    Known{"if-unmodified-since", FieldName::kIfUnmodifiedSince},
    Known{"proxy-authenticate", FieldName::kProxyAuthenticate},
    Known{"proxy-authorization", FieldName::kProxyAuthorization},
    Known{"authorization", FieldName::kAuthorization},
    Known{"accept", FieldName::kAccept},
    Known{"origin", FieldName::kOrigin},
    Known{"content-type", FieldName::kContentType},
};

// A perfect hash over length, first and last letter; its multipliers are searched for when this file is compiled.
constexpr std::size_t kSlots = 256;

struct Multipliers {
  unsigned length;
  unsigned first;
  unsigned last;
};

constexpr std::size_t slot_of(std::string_view name, Multipliers m) {
  const auto first = static_cast<unsigned char>(name.front() | 0x20);
  const auto last = static_cast<unsigned char>(name.back() | 0x20);
  return (name.size() * m.length + first * m.first + last * m.last) % kSlots;
}

constexpr bool is_perfect(Multipliers m) {
  std::array<bool, kSlots> used{};
  for (const Known& known : kKnown) {
    bool& taken = used[slot_of(known.name, m)];
    if (taken) return false;
    taken = true;
  }
  return true;
}

consteval Multipliers find_multipliers() {
  for (unsigned length = 1; length < 16; ++length) {
    for (unsigned first = 1; first < 32; ++first) {
      for (unsigned last = 1; last < 32; ++last) {
        if (is_perfect({length, first, last})) return {length, first, last};
      }
    }
  }
  return {0, 0, 0};
}

constexpr Multipliers kMultipliers = find_multipliers();
static_assert(is_perfect(kMultipliers), "names that share length and end letters need another hash");

consteval std::array<Known, kSlots> make_table() {
  std::array<Known, kSlots> table{};
  for (const Known& known : kKnown) table[slot_of(known.name, kMultipliers)] = known;
  return table;
}

constexpr std::array<Known, kSlots> kTable = make_table();
constexpr std::string_view kForwardedPrefix = "x-forwarded-";

}  // namespace

FieldName find_field_name(std::string_view name) {
  if (name.empty()) return FieldName::kOther;
  const Known& candidate = kTable[slot_of(name, kMultipliers)];
  if (equals_ignore_case(name, candidate.name)) return candidate.value;
  if (name.size() > kForwardedPrefix.size() &&
      equals_ignore_case(name.substr(0, kForwardedPrefix.size()), kForwardedPrefix)) {
    return FieldName::kXForwardedOther;
  }
  return FieldName::kOther;
}

}  // namespace tenfold::http
