// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>

namespace tenfold::control {

/// False where drop_privileges() will fail for want of the account; true for "".
bool has_account(const std::string& account);

/// Gives up root for good: groups, group and user become those of the account. Does nothing for "" or when not root.
/// For all threads of the process. The error is a sentence.
std::expected<void, std::string> drop_privileges(const std::string& account);

}  // namespace tenfold::control
