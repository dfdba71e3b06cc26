// SPDX-License-Identifier: Apache-2.0
// What the catalogue remembers in memcached, for those who change products.
#pragma once

#include "site/platform/cache.h"

namespace site {

/// Call after a commit that changed this product's page: stock, price or picture.
void product_changed(Cache& cache, std::int64_t product);

/// Call after a commit that changed what lists show: price, picture, or whether there is any stock.
void lists_changed(Cache& cache);

}  // namespace site
