// SPDX-License-Identifier: Apache-2.0
// Fills an empty database: accounts, products with pictures, and threads. The same every time.
#pragma once

#include "site/platform/app.h"

namespace site {

/// Makes options.seed products, the pictures they share, six accounts ("seller", "ann", "ben", "cleo", "dan", "eva";
/// password "password-NAME") and a forum. Throws std::runtime_error if there are accounts already.
void seed(App& app);

}  // namespace site
