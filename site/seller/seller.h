// SPDX-License-Identifier: Apache-2.0
// The sellers' side of the shop: a seller's items and sales, and the pictures of items.
#pragma once

#include "site/platform/router.h"

namespace site {

/// The list of items, new ones, and the editing of stock and price.
void add_items(Router& router);

/// What was sold, by item.
void add_sales(Router& router);

/// The upload of an item's picture.
void add_pictures(Router& router);

/// Throws HttpError 403 unless the visitor is a seller who is logged in.
void require_seller(const Visitor& visitor);

/// Throws HttpError 404 unless the item is this seller's.
void require_own_item(Database& database, const Visitor& visitor, std::int64_t item);

}  // namespace site
