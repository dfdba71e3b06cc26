// SPDX-License-Identifier: Apache-2.0
// The HTTP server: cpp-httplib behind a small face, so that only server.cc knows it. One thread serves one connection
// of a client until that connection closes.
#pragma once

#include "site/platform/app.h"
#include "site/platform/router.h"

namespace site {

/// Serves until SIGTERM or SIGINT; then accepts no more, finishes what it has, and returns the exit code.
/// REQUIRES: called once, from the main thread, before any other thread runs.
int serve(App& app, const Router& router);

}  // namespace site
