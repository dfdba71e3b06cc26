// SPDX-License-Identifier: Apache-2.0
// The shop: catalogue, cart and orders, a file each.
#pragma once

#include "site/platform/router.h"

namespace site {

/// Home, the list of products, and a product's page.
void add_catalogue(Router& router);

/// The visitor's cart.
void add_cart(Router& router);

/// Ordering what is in the cart, and the visitor's orders.
void add_orders(Router& router);

}  // namespace site
