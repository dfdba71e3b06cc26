// SPDX-License-Identifier: Apache-2.0
// The admin API: one table of routes, from which /openapi.json is made too. Reading is GET; changing is POST, PATCH and
// DELETE, goes through the topology file, and honours If-Match with the ETag of what runs.
// Thread rule: the control thread.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/admin_http.h"
#include "control/controller.h"
#include "control/openapi.h"
#include "control/topology_file.h"
#include "runtime/task.h"

namespace tenfold::control {

/// What `tenfold status` says of the program itself.
struct ProgramFacts {
  std::string version;
  std::string io;  // "epoll: …"
};

class AdminApi {
 public:
  /// Reads and parses a topology file.
  using Load = std::function<LoadedTopology(const std::string& path)>;

  /// `loaded` is the file that runs; `on_reload` is told before and after a reload (true, then false).
  AdminApi(Controller& controller, LoadedTopology loaded, ProgramFacts facts, std::function<void(bool)> on_reload,
           Load load = load_topology);

  runtime::Task<AdminResponse> handle(AdminRequest request);

  /// All that can be called.
  static std::vector<ApiCall> calls();

  /// Reads the file again and makes it what runs; as POST /v1/reload. For SIGHUP.
  runtime::Task<AdminResponse> reload(AdminRequest request);

 private:
  struct Route;
  using Arguments = std::vector<std::string>;
  static const std::vector<Route>& routes();

  runtime::Task<AdminResponse> get_livez(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_readyz(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_metrics(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_openapi(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_topology(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_status(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_events(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_diff(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_explain_http(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_explain_cache(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_service(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> get_node(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> post_reload(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> post_node(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> patch_node(AdminRequest request, Arguments arguments);
  runtime::Task<AdminResponse> delete_node(AdminRequest request, Arguments arguments);

  /// Makes another file of the one that runs (control/topology_edit.h).
  using Edit = std::function<std::expected<LoadedTopology, std::string>(const LoadedTopology& loaded)>;
  /// Where an edit is made. Without a node: the whole service.
  struct Place {
    std::string service;
    std::optional<Address> node;
  };
  runtime::Task<AdminResponse> apply_edit(AdminRequest request, const Place& place, const Edit& edit);
  runtime::Task<AdminResponse> apply_file(const Controller::Turn& turn, LoadedTopology next);
  std::optional<AdminResponse> not_found(std::string_view service,
                                         const std::optional<Address>& node = std::nullopt) const;
  std::string etag() const;
  std::optional<AdminResponse> unmet_condition(const AdminRequest& request) const;
  AdminResponse conflict_on_disk() const;

  Controller& controller_;
  LoadedTopology loaded_;
  ProgramFacts facts_;
  std::function<void(bool)> on_reload_;
  Load load_;
};

}  // namespace tenfold::control
