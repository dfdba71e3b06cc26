// SPDX-License-Identifier: Apache-2.0
#include "control/key_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "control/file_text.h"
#include "control/units.h"

namespace tenfold::control {
namespace {

constexpr std::size_t kSecretBytesMost = 4096;
constexpr std::size_t kServiceNameBytesMost = 64;

std::string_view kind_name(RawValue::Kind kind) {
  switch (kind) {
    case RawValue::Kind::kText:
      return "a text";
    case RawValue::Kind::kInteger:
      return "an integer";
    case RawValue::Kind::kBoolean:
      return "a boolean";
    case RawValue::Kind::kList:
      return "a list";
    case RawValue::Kind::kTable:
      return "a table";
    case RawValue::Kind::kOther:
      return "a number or date of another kind";
  }
  return "something else";
}

// One value being judged; the first problem is the only one that is said of it.
class Judge {
 public:
  Judge(const Key& key, Diagnostics& diagnostics) : key_(key), diagnostics_(diagnostics) {}

  bool read(const RawValue& raw, KeyValue& value) {
    switch (key_.type) {
      case KeyType::kText:
        return text(raw, value);
      case KeyType::kInteger:
        return integer(raw, value);
      case KeyType::kWorkers:
        return workers(raw, value);
      case KeyType::kBoolean:
        return boolean(raw, value);
      case KeyType::kDuration:
        return duration(raw, value);
      case KeyType::kSize:
        return size(raw, value);
      case KeyType::kChoice:
        return choice(raw, value);
      case KeyType::kAddress:
        return address(raw, value);
      case KeyType::kAddresses:
        return addresses(raw, value);
      case KeyType::kTexts:
        return texts(raw, value);
      case KeyType::kTextTable:
        return text_table(raw, value);
      case KeyType::kSecret:
        return secret(raw, value);
      case KeyType::kNodes:
      case KeyType::kTable:
        break;
    }
    return false;
  }

 private:
  bool refuse(Location at, std::string message, std::string help = {}) {
    if (help.empty()) help = fmt::format("for example {} = {}", key_.name, key_.example);
    diagnostics_.error(at, std::move(message), std::move(help));
    return false;
  }

  bool expect(const RawValue& raw, RawValue::Kind kind) {
    if (raw.kind == kind) return true;
    return refuse(raw.at, fmt::format("'{}' is {}, and this is {}", key_.name, kind_name(kind), kind_name(raw.kind)));
  }

  bool text(const RawValue& raw, KeyValue& value) {
    value.text = raw.text;
    return expect(raw, RawValue::Kind::kText);
  }

  bool boolean(const RawValue& raw, KeyValue& value) {
    value.flag = raw.boolean;
    return expect(raw, RawValue::Kind::kBoolean);
  }

  bool integer(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kInteger)) return false;
    if (raw.integer < 0 || static_cast<std::uint64_t>(raw.integer) < key_.least ||
        static_cast<std::uint64_t>(raw.integer) > key_.most)
      return refuse(
          raw.at, fmt::format("'{}' is from {} to {}, and this is {}", key_.name, key_.least, key_.most, raw.integer));
    value.number = static_cast<std::uint64_t>(raw.integer);
    return true;
  }

  bool workers(const RawValue& raw, KeyValue& value) {
    value.number = 0;
    if (raw.kind == RawValue::Kind::kText && raw.text == "auto") return true;
    if (raw.kind == RawValue::Kind::kText)
      return refuse(raw.at, fmt::format("'{}' is a number, or \"auto\"", key_.name));
    return integer(raw, value);
  }

  bool duration(const RawValue& raw, KeyValue& value) {
    if (raw.kind == RawValue::Kind::kInteger)
      return refuse(raw.at, fmt::format("'{}' needs a unit", key_.name),
                    fmt::format("write \"{}ms\" or \"{}s\"", raw.integer, raw.integer));
    if (!expect(raw, RawValue::Kind::kText)) return false;
    const auto parsed = parse_duration(raw.text);
    if (!parsed)
      return refuse(raw.at, fmt::format("{} is not a time", quoted(raw.text)),
                    "write a whole number and us, ms, s, m or h, like \"250ms\"");
    const auto milliseconds = static_cast<std::uint64_t>(to_milliseconds(*parsed));
    if (milliseconds < key_.least || milliseconds > key_.most) {
      return refuse(raw.at, fmt::format("'{}' is from {} to {}, and this is {}", key_.name, range_text(key_.least),
                                        range_text(key_.most), raw.text));
    }
    value.duration = *parsed;
    return true;
  }

  static std::string range_text(std::uint64_t milliseconds) { return to_text(std::chrono::milliseconds(milliseconds)); }

  bool size(const RawValue& raw, KeyValue& value) {
    if (raw.kind == RawValue::Kind::kInteger)
      return refuse(raw.at, fmt::format("'{}' needs a unit", key_.name),
                    fmt::format("write \"{}B\" or \"{}KiB\"", raw.integer, raw.integer));
    if (!expect(raw, RawValue::Kind::kText)) return false;
    const auto parsed = parse_size(raw.text);
    if (!parsed)
      return refuse(raw.at, fmt::format("{} is not a size", quoted(raw.text)),
                    "write a whole number and B, KiB, MiB or GiB, like \"64MiB\"");
    value.number = *parsed;
    return true;
  }

  bool choice(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kText)) return false;
    value.text = raw.text;
    if (std::ranges::count(key_.choices, std::string_view(raw.text)) > 0) return true;
    std::string help = nearest_name_help(raw.text, key_.choices);
    if (help.empty()) help = fmt::format("write one of {}", fmt::join(key_.choices, ", "));
    return refuse(raw.at, fmt::format("{} is not a value of '{}'", quoted(raw.text), key_.name), std::move(help));
  }

  bool address(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kText)) return false;
    auto parsed = Address::parse(raw.text);
    if (!parsed) return refuse(raw.at, parsed.error());
    value.addresses.push_back(std::move(*parsed));
    return true;
  }

  bool addresses(const RawValue& raw, KeyValue& value) {
    if (raw.kind != RawValue::Kind::kList) return address(raw, value);
    if (raw.list.empty()) return refuse(raw.at, fmt::format("'{}' is empty", key_.name));
    const auto is_wrong = [&](const RawValue& element) { return !address(element, value); };
    return std::ranges::count_if(raw.list, is_wrong) == 0;  // all are looked at: each wrong one is told
  }

  bool texts(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kList)) return false;
    const auto is_wrong = [&](const RawValue& element) {
      value.texts.push_back(element.text);
      return !expect(element, RawValue::Kind::kText);
    };
    return std::ranges::count_if(raw.list, is_wrong) == 0;
  }

  bool text_table(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kTable)) return false;
    for (const RawValue& entry : raw.list) {
      if (!expect(entry, RawValue::Kind::kText)) return false;
      value.entries.emplace_back(entry.name, entry.text);
    }
    return true;
  }

  bool secret(const RawValue& raw, KeyValue& value) {
    if (!expect(raw, RawValue::Kind::kText)) return false;
    if (raw.text.starts_with("env:")) {
      const char* found = std::getenv(raw.text.c_str() + 4);
      if (found == nullptr || *found == '\0')
        return refuse(raw.at, fmt::format("the environment has no {}", raw.text.substr(4)),
                      "set it where tenfold is started");
      value.text = found;
      return true;
    }
    if (raw.text.starts_with("file:")) {
      auto content = read_file(raw.text.substr(5), kSecretBytesMost);
      if (!content) return refuse(raw.at, content.error(), "name a file that this account can read");
      while (content->ends_with('\n') || content->ends_with('\r')) content->pop_back();
      if (content->empty()) return refuse(raw.at, "the file of the secret is empty", "write the secret into it");
      value.text = std::move(*content);
      return true;
    }
    diagnostics_.warning(raw.at, fmt::format("'{}' stands in the file as plain text", key_.name),
                         "write env:NAME or file:PATH");
    value.text = raw.text;
    return true;
  }

  const Key& key_;
  Diagnostics& diagnostics_;
};

}  // namespace

void read_key(const Key& key, const RawValue& raw, const Draft& draft, Diagnostics& diagnostics) {
  KeyValue value;
  if (!Judge(key, diagnostics).read(raw, value)) return;
  const std::string problem = key.set(draft, value);
  if (!problem.empty()) diagnostics.error(raw.at, problem, fmt::format("for example {} = {}", key.name, key.example));
}

void check_service_name(std::string_view name, Location at, Diagnostics& diagnostics) {
  const bool good = !name.empty() && name.size() <= kServiceNameBytesMost &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == name.npos;
  if (!good)
    diagnostics.error(at, fmt::format("{} cannot name a service", quoted(name)),
                      "use lowercase letters, digits, '-' and '_', up to 64");
}

}  // namespace tenfold::control
