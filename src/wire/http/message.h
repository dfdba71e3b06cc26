// SPDX-License-Identifier: Apache-2.0
// What a head of an HTTP/1.1 message says (RFC 9112). Heads are big, are parsed into memory that a worker reuses, and
// hold views into the bytes that were parsed: both must stay alive while a head is read.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/limits.h"
#include "wire/http/field_name.h"

namespace tenfold::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kTrace, kConnect, kOther };

/// RFC 9110 section 9.2.2: sending it twice does what sending it once does.
constexpr bool is_idempotent(Method method) {
  return method != Method::kPost && method != Method::kPatch && method != Method::kConnect && method != Method::kOther;
}

/// Whose message it is: of a client, a request; of a node, a response.
enum class Sender : std::uint8_t { kClient, kNode };

enum class Version : std::uint8_t { k10, k11 };

/// How the length of a body is known (RFC 9112 section 6.3).
enum class Body : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

struct Field {
  std::string_view name;
  std::string_view value;  // without the spaces around it
  FieldName known;
};

/// The fields of a head in their order. Cleared, not zeroed, between messages.
class FieldList {
 public:
  std::span<const Field> all() const { return {items_.data(), count_}; }
  bool full() const { return count_ == items_.size(); }
  void clear() { count_ = 0; }
  void add(const Field& field) { items_[count_++] = field; }

  /// The first of its name; nullptr when there is none.
  const Field* find(FieldName name) const {
    for (const Field& field : all()) {
      if (field.known == name) return &field;
    }
    return nullptr;
  }
  /// The first of a name that is not in FieldName; nullptr when there is none.
  const Field* find(std::string_view name) const {
    for (const Field& field : all()) {
      if (equals_ignore_case(field.name, name)) return &field;
    }
    return nullptr;
  }

 private:
  std::array<Field, limits::kHttpFieldsMost> items_;
  std::size_t count_ = 0;
};

/// The fields that Connection names: they belong to this connection alone, as it does.
class NamedFields {
 public:
  std::span<const std::string_view> all() const { return {names_.data(), count_}; }
  void clear() { count_ = 0; }
  /// REQUIRES: fewer than kHttpConnectionOptionsMost were added.
  void add(std::string_view name) { names_[count_++] = name; }
  bool contain(std::string_view name) const {
    return std::ranges::any_of(all(), [name](std::string_view named) { return equals_ignore_case(named, name); });
  }

 private:
  std::array<std::string_view, limits::kHttpConnectionOptionsMost> names_;
  std::size_t count_ = 0;
};

/// What both kinds of head have.
struct MessageHead {
  Version version = Version::k11;
  FieldList fields;
  Body body = Body::kNone;
  std::uint64_t content_length = 0;  // of a kLength body
  bool keep_alive = true;            // the sender wants to go on using the connection
  NamedFields named_by_connection;
  std::string_view upgrade;  // the protocols offered or chosen; empty unless Connection says upgrade

  /// True for the fields that belong to this connection alone and are never passed on (RFC 9110 section 7.6.1).
  bool is_hop_by_hop(const Field& field) const {
    return http::is_hop_by_hop(field.known) || named_by_connection.contain(field.name);
  }
};

struct RequestHead : MessageHead {
  Method method = Method::kGet;
  std::string_view method_text;
  std::string_view target;   // in origin form ("/path?query"), "*", or "?query" of a URL without a path
  bool plain_target = true;  // holds nothing that wire/http/target.h would change
  std::string_view host;     // from the target's authority or the Host field, with its port; may be empty in 1.0
  bool expects_continue = false;
};

struct ResponseHead : MessageHead {
  int status = 0;
  std::string_view reason;
};

}  // namespace tenfold::http
