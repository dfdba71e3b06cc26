// SPDX-License-Identifier: Apache-2.0
// Receives a node's response and passes it on to the client: interim responses as they come, then the head, then the
// body as fast as the client takes it. A body that the node cut short is never made to look whole: the client's
// connection is reset.
#pragma once

#include "base/result.h"
#include "planes/web/exchange.h"
#include "planes/web/failure.h"
#include "planes/web/upload.h"
#include "runtime/io.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::web {

struct ResponseResult {
  bool any_byte = false;  // the node sent something
  bool reusable = false;  // the node's connection can be used again
};

/// Sets exchange.failure unless the response reached the client whole. The socket of a small response may have been
/// given back to its pool already (it is then empty). `upload` is the body that goes to the node meanwhile.
runtime::Task<ResponseResult> receive_response(Exchange& exchange, runtime::Socket& node, runtime::Stop& stop,
                                               Upload* upload = nullptr);

/// What an error on the node's connection means.
Failure failure_of_node(const Error& error);

}  // namespace tenfold::web
