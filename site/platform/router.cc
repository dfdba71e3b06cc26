// SPDX-License-Identifier: Apache-2.0
#include "site/platform/router.h"

#include "site/platform/log.h"
#include "site/platform/page.h"
#include "site/platform/random.h"

namespace site {
namespace {

std::string_view take_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  return segment;
}

void require_token(const Request& request, const Visitor& visitor) {
  const std::string_view token = request.csrf.empty() ? request.form.text("csrf") : std::string_view(request.csrf);
  if (visitor.csrf.empty() || !same_secret(token, visitor.csrf)) {
    throw HttpError(403, "This form is too old. Go back, reload the page and send it again.");
  }
}

/// The visitor; for a page that is only read, somebody unclear while memcached is away, so that the shop stays open.
Visitor find_visitor(App& app, const Request& request, bool reads) {
  try {
    return app.sessions.find(request.session);
  } catch (const std::runtime_error& error) {
    if (!reads) throw;
    log("session", error.what());
    Visitor nobody;
    nobody.is_unclear = true;
    return nobody;
  }
}

Response failed(const Call& call, std::string_view topic, const std::exception& error) {
  log(topic, call.request.method + " " + call.request.path + ": " + error.what());
  Response response = error_page(call, HttpError(503, "The shop cannot answer right now. Please try again shortly."));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

std::optional<std::int64_t> match(std::string_view route, std::string_view path) {
  std::int64_t id = 0;
  if (route.ends_with('/') != path.ends_with('/')) return std::nullopt;
  while (!route.empty() && !path.empty()) {
    const std::string_view expected = take_segment(route);
    const std::string_view segment = take_segment(path);
    if (expected == segment) continue;
    if (expected != "{id}") return std::nullopt;
    Fields fields;
    fields.set("id", std::string(segment));
    const auto number = fields.number("id", 1, INT64_MAX);
    if (!number) return std::nullopt;
    id = *number;
  }
  return route.empty() && path.empty() ? std::optional(id) : std::nullopt;
}

bool take_json_suffix(std::string& path) {
  constexpr std::string_view kSuffix = ".json";
  constexpr std::string_view kIndex = "/index";
  if (!path.ends_with(kSuffix)) return false;
  path.resize(path.size() - kSuffix.size());
  if (path.ends_with(kIndex)) path.resize(path.size() - kIndex.size() + 1);
  return true;
}

bool Router::takes_upload(std::string_view path) const {
  for (const Route& route : routes_) {
    if (route.kind == RouteKind::kUpload && match(route.path, path)) return true;
  }
  return false;
}

Response Router::dispatch(App& app, Request& request, Visitor& visitor) const {
  bool other_method = false;
  for (const Route& route : routes_) {
    const auto id = match(route.path, request.path);
    if (!id) continue;
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (reads != (route.kind == RouteKind::kGet)) {
      other_method = true;
      continue;
    }
    request.id = *id;
    visitor = find_visitor(app, request, reads);
    if (route.kind == RouteKind::kPost) require_token(request, visitor);
    return route.handler(Call{app, request, visitor});
  }
  visitor = find_visitor(app, request, true);
  if (other_method) throw HttpError(405, "This page takes no " + request.method + ".");
  throw HttpError(404, "There is no such page on this server.");
}

Response Router::answer(App& app, Request request) const {
  Visitor visitor;
  const Call call{app, request, visitor};
  try {
    return dispatch(app, request, visitor);
  } catch (const HttpError& error) {
    return error_page(call, error);
  } catch (const DatabaseError& error) {
    return failed(call, "database", error);
  } catch (const CacheError& error) {
    return failed(call, "cache", error);
  } catch (const PoolExhausted& error) {
    return failed(call, "overload", error);
  } catch (const std::exception& error) {
    log("bug", request.method + " " + request.path + ": " + error.what());
    return error_page(call, HttpError(500, "Something went wrong on our side."));
  }
}

}  // namespace site
