// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server of the admin API: few connections, small bodies, everything bounded. As soon as it has a head it
// checks who is calling (the token where one is set, else a literal Host; no foreign Origin), and whether it is this
// program that is meant. Where all places are taken, the one that has been waited for the longest is closed. Some
// descriptors are kept for callers: clients may have taken all others, and just then somebody has to look.
// Thread rule: the control thread.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/topology.h"
#include "runtime/io.h"
#include "runtime/scope.h"
#include "runtime/stop.h"
#include "runtime/task.h"
#include "wire/http/message.h"

namespace tenfold::control {

struct AdminRequest {
  std::string method;
  std::string path;                     // normalised, without the query
  std::string query;                    // behind the '?'
  std::optional<std::string> if_match;  // all of its lines, as one list
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

  /// Opens the listener, or takes one that is open already. Who calls waits until begin().
  Status open(std::optional<int> opened = std::nullopt);
  /// From now on callers are answered. REQUIRES: open() succeeded.
  void begin() { scope_.spawn(accept_callers()); }
  /// No more are accepted; those who are connected get one more answer each.
  void wind_down() { deaf_.request(); }
  /// The listener's handle, still ours; REQUIRES: open() succeeded, and close() was not called.
  int handle() const { return handle_; }
  /// Ends all connections and the listener.
  runtime::Task<void> close();

 private:
  struct Received;
  // One who is connected.
  struct Caller {
    explicit Caller(runtime::Stop& all) : gone(all) {}
    runtime::Stop gone;
    Instant since;           // what is waited for
    Instant deadline;        // of what is being received
    bool is_served = false;  // a handler is at work for them
  };

  runtime::Task<void> accept_callers();
  void keep_spares();
  bool give_up_spare();
  bool make_room();
  runtime::Task<void> serve_caller(runtime::Socket socket);
  runtime::Task<void> serve_requests(runtime::Socket& socket, Caller& caller);
  runtime::Task<Status> receive(runtime::Socket& socket, Caller& caller, std::string& bytes);
  static bool refuse_slow(const Error& error, Received& received);
  runtime::Task<bool> read_head(runtime::Socket& socket, Caller& caller, std::string& bytes, Received& received);
  void understand(Received& received) const;
  runtime::Task<bool> read_body(runtime::Socket& socket, Caller& caller, std::string& bytes, Received& received);
  runtime::Task<bool> answer(runtime::Socket& socket, Caller& caller, const AdminResponse& response,
                             const Received& received);
  runtime::Task<void> hear_out(runtime::Socket& socket, Caller& caller);
  bool has_token(const http::RequestHead& head) const;
  std::optional<AdminResponse> refusal(const Received& received) const;
  std::optional<AdminResponse> other_program(const Received& received) const;

  runtime::Io& io_;
  cluster::AdminSettings settings_;
  std::string file_;
  Handler handler_;
  int handle_ = -1;
  std::vector<int> spares_;  // copies of the handle: each can be given up for the descriptor of a caller
  runtime::Socket listener_;
  runtime::Stop stopped_;
  runtime::Stop deaf_;  // to who is not accepted yet
  std::list<Caller> callers_;
  runtime::Scope scope_;
};

/// Whether a path is answered without a token, where one is set.
bool is_open_to_all(std::string_view path);

/// Whether a call is refused to who means another topology file than the one that runs (Tenfold-File).
bool depends_on_file(std::string_view method, std::string_view path);

/// {"error": …, "help": …}
AdminResponse admin_error(int status, std::string_view error, std::string_view help = {});

}  // namespace tenfold::control
