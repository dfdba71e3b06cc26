// SPDX-License-Identifier: Apache-2.0
// From a method and a path to a handler. A route is a path whose segments are literal, or {id}, a positive number.
// Each POST is refused with 403 unless it carries its session's CSRF token, before the handler sees it; an upload's
// handler checks that itself, because the token stands in the body. Filled before threads start, then only read.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "site/platform/app.h"
#include "site/platform/http.h"

namespace site {

using Handler = std::function<Response(const Call&)>;

enum class RouteKind { kGet, kPost, kUpload };

class Router {
 public:
  void get(std::string path, Handler handler) { add(RouteKind::kGet, std::move(path), std::move(handler)); }
  void post(std::string path, Handler handler) { add(RouteKind::kPost, std::move(path), std::move(handler)); }
  void upload(std::string path, Handler handler) { add(RouteKind::kUpload, std::move(path), std::move(handler)); }

  /// Whether a POST to `path` is an upload, whose body must not be read beforehand.
  bool takes_upload(std::string_view path) const;

  /// Runs the handler of the request. Never throws: what a handler throws becomes an error page, and is logged
  /// if it is the site's fault.
  Response answer(App& app, Request request) const;

 private:
  struct Route {
    RouteKind kind;
    std::string path;
    Handler handler;
  };

  void add(RouteKind kind, std::string path, Handler handler) {
    routes_.push_back({kind, std::move(path), std::move(handler)});
  }
  Response dispatch(App& app, Request& request, Visitor& visitor) const;

  std::vector<Route> routes_;
};

/// The number that stands for {id} when `path` fits `route` (0 if the route has none), or nothing.
std::optional<std::int64_t> match(std::string_view route, std::string_view path);

/// Takes ".json" off a path, and "index" if that is then its last segment. Says whether it was there.
bool take_json_suffix(std::string& path);

}  // namespace site
