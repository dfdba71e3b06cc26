// SPDX-License-Identifier: Apache-2.0
// What a change has made of the services: a verb that leaves one without a node that can serve says so. Blocking.
#pragma once

#include <string>

#include "tenfold/remote.h"

namespace tenfold::cli {

/// Looks at the service, or with "" at all of them, as soon as its nodes are judged: kOk, or kDegraded after saying
/// which cannot serve, and why.
int look_at_service(Remote& remote, const std::string& service);

}  // namespace tenfold::cli
