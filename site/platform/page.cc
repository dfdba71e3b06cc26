// SPDX-License-Identifier: Apache-2.0
#include "site/platform/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace site {
namespace {

constexpr std::int64_t kMostPages = 100000;

Html account_links(const Visitor& visitor) {
  if (!visitor.known()) {
    return Html{"<a href=\"/account/login\">Log in</a> <a href=\"/account/register\">Register</a>"};
  }
  return html(
      "<span class=\"soft\">{}</span> <a href=\"/shop/cart\">Cart</a> <a href=\"/shop/orders\">Orders</a> {}"
      "<form class=\"line\" method=\"post\" action=\"/account/logout\">{}<button class=\"quiet\">Log "
      "out</button></form>",
      visitor.name, visitor.seller ? Html{"<a href=\"/seller/items\">Selling</a> "} : Html{}, csrf_field(visitor));
}

std::string frame(const Call& call, std::string_view title, const Html& inside) {
  return html(
             "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{} – Ten Corners</title>"
             "<link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/site.css\"></head><body>"
             "<header class=\"top\"><nav><a class=\"brand\" href=\"/\">Ten Corners</a><a "
             "href=\"/shop/products\">Products</a>"
             "<a href=\"/forum/\">Forum</a><div class=\"account\">{}</div></nav></header>\n<main>{}</main>\n"
             "<footer>Served by {}</footer></body></html>\n",
             title, account_links(call.visitor), inside, call.app.options.node)
      .text;
}

Response json_reply(int status, const nlohmann::json& model) {
  Response response{.status = status, .type = "application/json", .body = {}, .headers = {}};
  response.body = model.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace

Response page(const Call& call, std::string_view title, const nlohmann::json& model, View view) {
  Response response;
  if (call.request.json) {
    response = json_reply(200, model);
  } else {
    response.body = frame(call, title, view(model, call.visitor));
  }
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  return response;
}

Response done(const Call& call, const std::string& location, const nlohmann::json& model) {
  if (call.request.json) return json_reply(200, model);
  Response response{.status = 303, .type = "text/plain", .body = {}, .headers = {}};
  response.headers.emplace_back("Location", location);
  return response;
}

Response error_page(const Call& call, const HttpError& error) {
  if (call.request.json) return json_reply(error.status, {{"error", error.message}});
  Response response{.status = error.status, .type = Response().type, .body = {}, .headers = {}};
  response.body = frame(call, "Sorry", html("<h1>Sorry</h1><p class=\"panel\">{}</p>", error.message));
  return response;
}

Response please_log_in(const Call& call, const std::string& back) {
  if (call.visitor.is_unclear) throw CacheError("this page is for its visitor only");
  if (call.request.json) return json_reply(401, {{"error", "log in first"}});
  return done(call, "/account/login?next=" + url_encode(back), nullptr);
}

Html csrf_field(const Visitor& visitor) {
  return html("<input type=\"hidden\" name=\"csrf\" value=\"{}\">", visitor.csrf);
}

Html page_links(const nlohmann::json& model, const std::string& path, const std::string& query) {
  const std::int64_t number = model.at("page");
  Html before;
  Html after;
  if (number > 1) before = html("<a rel=\"prev\" href=\"{}?{}page={}\">← Previous</a>", path, query, number - 1);
  if (model.at("more")) after = html("<a rel=\"next\" href=\"{}?{}page={}\">Next →</a>", path, query, number + 1);
  return html("<nav class=\"pages\"><span>{}</span><span>{}</span></nav>", before, after);
}

bool is_clean_text(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t') return false;
  }
  try {
    static_cast<void>(nlohmann::json(std::string(text)).dump());
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
  return true;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string required_text(const Fields& form, std::string_view name, std::size_t most) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::string text(form.text(name));
  text.erase(0, text.find_first_not_of(kSpace));
  text.erase(text.find_last_not_of(kSpace) + 1);
  // Browsers count a line's end as one character, and send two.
  for (std::size_t at = 0; (at = text.find("\r\n", at)) != std::string::npos;) text.erase(at, 1);
  if (text.empty()) throw HttpError(422, "Please fill in the " + std::string(name) + ".");
  if (characters(text) > most) {
    throw HttpError(422, fmt::format("The {} may have {} characters at most.", name, most));
  }
  if (!is_clean_text(text)) throw HttpError(422, "The " + std::string(name) + " is not text.");
  return text;
}

std::int64_t required_number(const Fields& form, std::string_view name, std::int64_t least, std::int64_t most) {
  const auto value = form.number(name, least, most);
  if (!value) {
    throw HttpError(422, "The " + std::string(name) + " must be a whole number from " + std::to_string(least) + " to " +
                             std::to_string(most) + ".");
  }
  return *value;
}

std::int64_t page_number(const Request& request) {
  return request.query.number("page", 1, kMostPages).value_or(1);
}

}  // namespace site
