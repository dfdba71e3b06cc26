// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tenfold {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Calendar {
  year_month_day date;
  weekday day_of_week;
  hh_mm_ss<milliseconds> clock;
};

Calendar calendar_of(WallTime time) {
  const auto day = floor<days>(time);
  return {year_month_day(day), weekday(day), hh_mm_ss<milliseconds>(floor<milliseconds>(time - day))};
}

}  // namespace

std::string to_text(Duration duration) {
  struct Unit {
    Duration size;
    const char* name;
  };
  constexpr std::array<Unit, 5> kUnits = {
      Unit{hours(1), "h"}, {minutes(1), "m"}, {seconds(1), "s"}, {milliseconds(1), "ms"}, {microseconds(1), "us"}};
  if (duration == Duration::zero()) return "0s";
  for (const Unit& unit : kUnits) {
    if (duration % unit.size == Duration::zero()) return fmt::format("{}{}", duration / unit.size, unit.name);
  }
  return fmt::format("{}ns", duration.count());
}

std::string to_rfc3339(WallTime time) {
  const Calendar c = calendar_of(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(c.date.year()),
                     static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()),
                     c.clock.hours().count(), c.clock.minutes().count(), c.clock.seconds().count(),
                     c.clock.subseconds().count());
}

std::string to_http_date(WallTime time) {
  const Calendar c = calendar_of(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[c.day_of_week.c_encoding()],
                     static_cast<unsigned>(c.date.day()), kMonths[static_cast<unsigned>(c.date.month()) - 1],
                     static_cast<int>(c.date.year()), c.clock.hours().count(), c.clock.minutes().count(),
                     c.clock.seconds().count());
}

}  // namespace tenfold
