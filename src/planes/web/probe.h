// SPDX-License-Identifier: Apache-2.0
// The web tier's probe (planes/plane.h): GET of the service's health.path on a connection of its own.
#pragma once

#include "planes/plane.h"

namespace tenfold::web {

/// Says in its report what was asked, what came back or what went wrong, and how long that took of how long it might.
runtime::Task<cluster::ProbeReport> probe(runtime::Io& io, const cluster::Service& service,
                                          const cluster::NodeSpec& node);

}  // namespace tenfold::web
