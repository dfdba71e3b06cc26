// SPDX-License-Identifier: Apache-2.0
// Secrets: session names, form tokens, keys of order forms. Safe from any thread.
#pragma once

#include <string>
#include <string_view>

namespace site {

/// 128 bits from the kernel (getrandom) as 32 hexadecimal digits. Throws std::system_error if the kernel has none.
std::string random_token();

/// Whether two secrets are equal, in a time that depends only on their length.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace site
