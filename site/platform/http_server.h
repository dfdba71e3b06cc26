// SPDX-License-Identifier: Apache-2.0
// The library's server, with connections that end where a request was not read to its end. The library goes on with
// whatever comes next: the body of an OPTIONS, or of a method that it does not know, would be the next request. Behind
// a proxy, whose connections serve many visitors, that one would be answered in the place of another visitor's, or take
// it for its own body. A connection belongs to one thread.
#pragma once

#include <httplib.h>

namespace site {

class HttpServer final : public httplib::Server {
 public:
  /// The connection of the request that this thread answers ends with its response, because not all of it was read.
  static void end_connection();

  /// Whether it will, also for a request that could not be read, or has a body where none belongs.
  static bool ends_connection();

 private:
  bool process_and_close_socket(socket_t socket) override;
};

}  // namespace site
