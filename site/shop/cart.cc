// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "site/platform/page.h"
#include "site/platform/random.h"
#include "site/shop/shop.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostOfOne = 99;

Html row(const json& line, const Visitor& visitor) {
  const std::int64_t price = line.at("price_cents");
  const std::int64_t quantity = line.at("quantity");
  return html(
      "<tr><td><a href=\"/shop/products/{}\">{}</a>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
      "<td class=\"number\">{}</td><td><form class=\"line\" method=\"post\" action=\"/shop/cart/remove\">{}"
      "<input type=\"hidden\" name=\"product\" value=\"{}\"><button class=\"quiet\">Remove</button></form></td></tr>",
      line.at("product_id"), line.at("name"),
      line.at("stock") < quantity ? html(" <span class=\"bad\">only {} left</span>", line.at("stock")) : Html{},
      money(price), quantity, money(price * quantity), csrf_field(visitor), line.at("product_id"));
}

Html cart_view(const json& model, const Visitor& visitor) {
  if (model.at("lines").empty()) return Html{"<h1>Cart</h1><p class=\"panel\">Your cart is empty.</p>"};
  Html rows;
  for (const json& line : model.at("lines")) rows += row(line, visitor);
  return html(
      "<h1>Cart</h1><div class=\"scroll\"><table><tr><th>Product</th><th class=\"number\">Price</th>"
      "<th class=\"number\">Quantity</th><th class=\"number\">Sum</th><th></th></tr>{}</table></div>"
      "<form method=\"post\" action=\"/shop/orders\">{}<input type=\"hidden\" name=\"form_key\" value=\"{}\">"
      "<input type=\"hidden\" name=\"total_cents\" value=\"{}\"><p class=\"price\">Total {}</p>"
      "<button>Order and pay</button></form>",
      rows, csrf_field(visitor), model.at("form_key"), model.at("total_cents"), money(model.at("total_cents")));
}

Response cart(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/shop/cart");
  json lines = call.app.database.query(
      "SELECT c.product_id, p.name, p.price_cents, c.quantity, p.stock FROM cart_line c "
      "JOIN product p ON p.id = c.product_id WHERE c.account_id = ? ORDER BY c.product_id",
      {call.visitor.account_id});
  std::int64_t total = 0;
  for (const json& line : lines) {
    total += line.at("price_cents").get<std::int64_t>() * line.at("quantity").get<std::int64_t>();
  }
  // The key names this rendering of the form: however often it is sent, it makes one order.
  return page(call, "Cart", {{"lines", lines}, {"total_cents", total}, {"form_key", random_token()}}, cart_view);
}

Response add_to_cart(const Call& call) {
  const std::int64_t product = required_number(call.request.form, "product", 1, INT64_MAX);
  if (!call.visitor.known()) return please_log_in(call, "/shop/products/" + std::to_string(product));
  const std::int64_t quantity = required_number(call.request.form, "quantity", 1, kMostOfOne);
  const json known = call.app.database.query("SELECT id FROM product WHERE id = ?", {product});
  if (known.empty()) throw HttpError(404, "There is no such product.");
  call.app.database.execute(
      "INSERT INTO cart_line (account_id, product_id, quantity) VALUES (?, ?, ?) "
      "ON DUPLICATE KEY UPDATE quantity = LEAST(quantity + VALUES(quantity), ?)",
      {call.visitor.account_id, product, quantity, kMostOfOne});
  return done(call, "/shop/cart", {{"product", product}});
}

Response remove_from_cart(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/shop/cart");
  const std::int64_t product = required_number(call.request.form, "product", 1, INT64_MAX);
  call.app.database.execute("DELETE FROM cart_line WHERE account_id = ? AND product_id = ?",
                            {call.visitor.account_id, product});
  return done(call, "/shop/cart", {{"product", product}});
}

}  // namespace

void add_cart(Router& router) {
  router.get("/shop/cart", cart);
  router.post("/shop/cart", add_to_cart);
  router.post("/shop/cart/remove", remove_from_cart);
}

}  // namespace site
