// SPDX-License-Identifier: Apache-2.0
// What machines ask a node: is it well, is it there.
#pragma once

#include "site/platform/router.h"

namespace site {

/// /healthz: 200 when the database and memcached answer within about a second, else 503 and which of them does not.
/// /api/ping: 200 without asking anyone. /site.css: the style of all pages.
void add_health(Router& router);

}  // namespace site
