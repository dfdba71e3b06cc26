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

constexpr std::size_t kShownMost = 100;      // of each severity: nobody reads more, and each is looked up in the text
constexpr std::size_t kLineBytesMost = 200;  // of a line that is quoted

// The bytes of the UTF-8 character that the text begins with; 0 where it begins with none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(at < text.size() ? text[at] : '\0'); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  if (lead < 0xc2 || lead > 0xf4 || overlong) return 0;
  for (std::size_t at = 1; at < size; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
  }
  return size;
}

// The file may hold anything: what a terminal would obey is shown as '?'. Those are the controls of ASCII, those behind
// it (C1, U+0080 to U+009F), and bytes that are no UTF-8, which some terminals take for C1.
std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = character_bytes(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    const char c = character.front();
    const bool is_control = size == 0 || (size == 1 && (c < 0x20 || c == 0x7f)) ||
                            (c == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0);
    if (is_control)
      shown += c == '\t' ? ' ' : '?';
    else
      shown += character;
    text.remove_prefix(character.size());
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
  const std::string place =
      at.line == 0 ? std::string(file_name) : fmt::format("{}:{}:{}", file_name, at.line, at.column);
  std::string text = fmt::format("{}: {}: {}\n", place, severity, printable(diagnostic.message));
  if (at.line != 0) {
    const SourceLine written = source_line(source, at.line);
    QuotedLine line{printable(written.text.substr(0, kLineBytesMost)), at.column - 1, at.length};
    hide_secrets(line, written.before);
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
