// SPDX-License-Identifier: Apache-2.0
// Accounts: register, log in, log out. On every node, whatever its modules.
#pragma once

#include "site/platform/router.h"

namespace site {

void add_accounts(Router& router);

/// Creates an account and returns its number; 0 if the name is taken. REQUIRES: a checked name.
std::int64_t create_account(Database& database, const std::string& name, const std::string& password, bool seller);

}  // namespace site
