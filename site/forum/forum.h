// SPDX-License-Identifier: Apache-2.0
// The forum: threads and their replies.
#pragma once

#include "site/platform/router.h"

namespace site {

void add_forum(Router& router);

}  // namespace site
