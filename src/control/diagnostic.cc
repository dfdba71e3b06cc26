// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/bytes.h"
#include "control/secret_values.h"

namespace tenfold::control {
namespace {

constexpr std::size_t kShownMost = 100;  // of each severity: nobody reads more, and each is looked up in the text

constexpr std::size_t kLineBytesMost = 200;

// Where a line begins; npos when the text has fewer.
std::size_t begin_of_line(std::string_view source, std::uint32_t number) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < number && begin != source.npos; ++line) {
    const std::size_t end = source.find('\n', begin);
    begin = end == source.npos ? source.npos : end + 1;
  }
  return begin;
}

std::string_view line_at(std::string_view source, std::size_t begin) {
  std::string_view line = source.substr(begin, source.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.substr(0, kLineBytesMost);
}

// The file may hold anything: what a terminal would obey, of ASCII or of C1 in UTF-8, is shown as '?'.
std::string printable(std::string_view text) {
  constexpr auto kC1 = static_cast<char>(0xc2);  // in front of 0x80 to 0x9f
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_c1 = c == kC1 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const bool is_control = (c >= 0 && c < 0x20) || c == 0x7f;
    shown += is_c1 || is_control ? (c == '\t' ? ' ' : '?') : c;
    if (is_c1) ++i;
  }
  return shown;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

void Diagnostics::error(Location at, std::string message, std::string help) {
  all_.push_back({Diagnostic::Severity::kError, at, std::move(message), std::move(help)});
}

void Diagnostics::warning(Location at, std::string message, std::string help) {
  all_.push_back({Diagnostic::Severity::kWarning, at, std::move(message), std::move(help)});
}

std::size_t Diagnostics::error_count() const {
  return static_cast<std::size_t>(std::ranges::count(all_, Diagnostic::Severity::kError, &Diagnostic::severity));
}

std::vector<Diagnostic> Diagnostics::shown() const {
  std::vector<Diagnostic> shown;
  std::size_t of_severity[2] = {};
  std::size_t others[2] = {};
  for (const Diagnostic& diagnostic : all_) {
    const auto severity = static_cast<std::size_t>(diagnostic.severity);
    if (of_severity[severity]++ < kShownMost)
      shown.push_back(diagnostic);
    else
      ++others[severity];
  }
  for (const auto severity : {Diagnostic::Severity::kError, Diagnostic::Severity::kWarning}) {
    const std::size_t more = others[static_cast<std::size_t>(severity)];
    if (more > 0) shown.push_back({severity, {}, fmt::format("and {} more", more), {}});
  }
  return shown;
}

void Diagnostics::sort() {
  std::ranges::sort(all_, {}, [](const Diagnostic& diagnostic) {
    const Location& at = diagnostic.at;
    return std::tuple(at.line == 0, at.line, at.column);
  });
}

std::string render(const Diagnostic& diagnostic, std::string_view file_name, std::string_view source) {
  const std::string_view severity = diagnostic.severity == Diagnostic::Severity::kError ? "error" : "warning";
  const Location& at = diagnostic.at;
  const std::string message = printable(diagnostic.message);
  std::string text = at.line == 0 ? fmt::format("{}: {}: {}\n", file_name, severity, message)
                                  : fmt::format("{}:{}:{}: {}: {}\n", file_name, at.line, at.column, severity, message);
  if (at.line != 0) {
    const std::size_t begin = std::min(begin_of_line(source, at.line), source.size());
    QuotedLine line{printable(line_at(source, begin)), at.column - 1, at.length};
    hide_secrets(line, source.substr(0, begin));
    text += fmt::format("{:6} | {}\n", at.line, line.text);
    const std::size_t column = std::min(line.column, line.text.size());
    const std::size_t length =
        std::clamp<std::size_t>(line.length, 1, std::max<std::size_t>(line.text.size() - column, 1));
    text += fmt::format("       | {}^{}\n", std::string(column, ' '), std::string(length - 1, '~'));
  }
  if (!diagnostic.help.empty()) text += fmt::format("       = {}\n", printable(diagnostic.help));
  return text;
}

std::string render(const Diagnostics& diagnostics, std::string_view file_name, std::string_view source) {
  std::string text;
  const std::size_t errors = diagnostics.error_count();
  for (const Diagnostic& diagnostic : diagnostics.shown()) text += render(diagnostic, file_name, source);
  const std::size_t warnings = diagnostics.all().size() - errors;
  if (errors + warnings > 0)
    text +=
        fmt::format("{}: {} error{}, {} warning{}\n", file_name, errors, plural(errors), warnings, plural(warnings));
  return text;
}

std::string nearest_name_help(std::string_view written, const std::vector<std::string_view>& names) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(written.size() / 3, 2) + 1;
  for (std::string_view name : names) {
    const std::size_t distance = edit_distance(written, name);
    if (distance >= least) continue;
    least = distance;
    nearest = name;
  }
  return nearest.empty() ? std::string() : fmt::format("did you mean '{}'?", nearest);
}

}  // namespace tenfold::control
