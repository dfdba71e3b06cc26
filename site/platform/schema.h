// SPDX-License-Identifier: Apache-2.0
// The making of the tables.
#pragma once

#include "site/platform/database.h"

namespace site {

/// Creates the tables of schema.sql that are missing. Throws DatabaseError.
void migrate(Database& database);

}  // namespace site
