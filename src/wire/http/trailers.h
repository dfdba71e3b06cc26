// SPDX-License-Identifier: Apache-2.0
// What goes on to the other side of a trailer section. Nothing comes back through it that was taken from the head:
// fields of the connection alone, those that Connection names, and those that say who the visitor is are dropped.
#pragma once

#include <string>
#include <string_view>

#include "wire/http/message.h"

namespace tenfold::http {

/// What of a head has to be remembered for the trailers of its body: what Connection names, as one list.
std::string listed(const NamedFields& named);

/// The fields of `section` that are passed on, with the empty line behind them; "" when there are none. `named` is what
/// listed() made of the head in front.
std::string passed_on_trailers(std::string_view section, Sender from, std::string_view named);

}  // namespace tenfold::http
