// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server of the admin API: few connections, small bodies, everything bounded. It checks who is calling (a
// literal Host, no foreign Origin, the token where one is set), and whether it is this program that is meant, before a
// handler sees the request.
// Thread rule: the control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/task.h"

namespace tenfold::control {

struct AdminRequest {
  std::string method;
  std::string path;   // normalised, without the query
  std::string query;  // behind the '?'
  std::string if_match;
  std::string body;

  /// The decoded value of `name` in the query, or "".
  std::string parameter(std::string_view name) const;
  bool has_parameter(std::string_view name) const;
};

struct AdminResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;
  std::string allow;
};

class AdminHttp {
 public:
  using Handler = std::function<runtime::Task<AdminResponse>(AdminRequest)>;

  /// `file` is the topology file that runs.
  AdminHttp(runtime::Io& io, const cluster::AdminSettings& settings, std::string file, Handler handler);

  /// Opens the listener, or takes one that is open already.
  Status open(std::optional<int> opened = std::nullopt);
  /// The listener's handle, still ours; REQUIRES: open() succeeded, and close() was not called.
  int handle() const { return handle_; }
  /// Ends all connections and the listener.
  runtime::Task<void> close();

 private:
  struct Received;
  runtime::Task<void> accept_callers();
  runtime::Task<void> serve_caller(runtime::Socket socket);
  runtime::Task<bool> read_request(runtime::Socket& socket, std::string& bytes, Received& received);
  AdminResponse refusal(const Received& received) const;
  std::optional<AdminResponse> other_program(const Received& received) const;

  runtime::Io& io_;
  cluster::AdminSettings settings_;
  std::string file_;
  Handler handler_;
  int handle_ = -1;
  runtime::Socket listener_;
  runtime::Stop stopped_;
  runtime::Scope scope_;
};

/// {"error": …, "help": …}
AdminResponse admin_error(int status, std::string_view error, std::string_view help = {});

}  // namespace tenfold::control
