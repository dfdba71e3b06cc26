// SPDX-License-Identifier: Apache-2.0
// Ordering is one transaction. It inserts the order under the form's key first, so a second copy of the form waits
// for the first and then finds its order; it takes stock with conditional updates in the order of product numbers, so
// stock never goes below zero and two orders lock in the same order.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "site/platform/page.h"
#include "site/shop/catalogue.h"
#include "site/shop/shop.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::size_t kFormKeyDigits = 32;
constexpr std::int64_t kMostOrders = 100;

struct OrderForm {
  std::int64_t account;
  std::string key;
  std::int64_t total_cents;  // what the visitor saw and agreed to
};

struct Placed {
  std::int64_t id = 0;
  std::vector<std::int64_t> products;  // whose stock changed
  bool is_any_sold_out = false;
};

/// Takes one line's stock and writes it into the order. Returns what it costs.
std::int64_t take_line(Connection& connection, std::int64_t order, const json& line, Placed& placed) {
  const std::int64_t product = line.at("product_id");
  const std::int64_t quantity = line.at("quantity");
  const Written taken = connection.execute("UPDATE product SET stock = stock - ? WHERE id = ? AND stock >= ?",
                                           {quantity, product, quantity});
  const json now =
      connection.query("SELECT name, price_cents, stock FROM product WHERE id = ? FOR UPDATE", {product})[0];
  if (taken.rows == 0) {
    const std::string left = now.at("stock") == 0 ? "none" : "only " + now.at("stock").dump();
    throw HttpError(409, fmt::format("{}: {} left. Nothing was ordered.", now.at("name").get<std::string>(), left));
  }
  const std::int64_t price = now.at("price_cents");
  connection.execute("INSERT INTO purchase_line (purchase_id, product_id, quantity, price_cents) VALUES (?, ?, ?, ?)",
                     {order, product, quantity, price});
  placed.products.push_back(product);
  placed.is_any_sold_out |= now.at("stock") == 0;
  return price * quantity;
}

Placed place(Connection& connection, const OrderForm& form) {
  Placed placed;
  placed.id =
      connection.execute("INSERT INTO purchase (account_id, form_key) VALUES (?, ?)", {form.account, form.key}).id;
  const json lines = connection.query(
      "SELECT product_id, quantity FROM cart_line WHERE account_id = ? ORDER BY product_id FOR UPDATE", {form.account});
  if (lines.empty()) throw HttpError(409, "Your cart is empty.");
  std::int64_t total = 0;
  for (const json& line : lines) total += take_line(connection, placed.id, line, placed);
  if (total != form.total_cents) {
    throw HttpError(409, "A price or your cart has changed. Please look at your cart again. Nothing was ordered.");
  }
  connection.execute("UPDATE purchase SET total_cents = ? WHERE id = ?", {total, placed.id});
  connection.execute("DELETE FROM cart_line WHERE account_id = ?", {form.account});
  return placed;
}

/// The order that this form made before, or 0.
std::int64_t earlier_order(Database& database, const OrderForm& form) {
  const json rows =
      database.query("SELECT id FROM purchase WHERE account_id = ? AND form_key = ?", {form.account, form.key});
  return rows.empty() ? 0 : rows[0].at("id").get<std::int64_t>();
}

std::int64_t place_once(App& app, const OrderForm& form) {
  Placed placed;
  try {
    app.database.transaction([&](Connection& connection) { placed = place(connection, form); });
  } catch (const DatabaseError& error) {
    if (!error.duplicate_key()) throw;
    return earlier_order(app.database, form);
  }
  for (const std::int64_t product : placed.products) product_changed(app.cache, product);
  if (placed.is_any_sold_out) lists_changed(app.cache);
  return placed.id;
}

Response order(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/shop/cart");
  const OrderForm form{.account = call.visitor.account_id,
                       .key = required_text(call.request.form, "form_key", kFormKeyDigits),
                       .total_cents = required_number(call.request.form, "total_cents", 0, INT64_MAX)};
  const std::int64_t id = place_once(call.app, form);
  return done(call, "/shop/orders/" + std::to_string(id), {{"order", id}});
}

Html orders_view(const json& model, const Visitor&) {
  if (model.at("orders").empty())
    return Html{"<h1>Orders</h1><p class=\"panel\">You have not ordered anything yet.</p>"};
  Html rows;
  for (const json& row : model.at("orders")) {
    rows += html("<tr><td><a href=\"/shop/orders/{}\">Order {}</a></td><td>{}</td><td class=\"number\">{}</td></tr>",
                 row.at("id"), row.at("id"), row.at("created_at"), money(row.at("total_cents")));
  }
  return html(
      "<h1>Orders</h1><div class=\"scroll\"><table><tr><th>Order</th><th>Time (UTC)</th><th class=\"number\">Total</th>"
      "</tr>{}</table></div>",
      rows);
}

Html order_view(const json& model, const Visitor&) {
  Html rows;
  for (const json& line : model.at("lines")) {
    rows += html(
        "<tr><td><a href=\"/shop/products/{}\">{}</a></td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td></tr>",
        line.at("product_id"), line.at("name"), line.at("quantity"), money(line.at("price_cents")));
  }
  return html(
      "<h1>Order {}</h1><p class=\"soft\">{} UTC</p><div class=\"scroll\"><table><tr><th>Product</th>"
      "<th class=\"number\">Quantity</th><th class=\"number\">Price</th></tr>{}</table></div><p class=\"price\">Total "
      "{}</p>",
      model.at("id"), model.at("created_at"), rows, money(model.at("total_cents")));
}

Response orders(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/shop/orders");
  const json rows = call.app.database.query(
      "SELECT id, created_at, total_cents FROM purchase WHERE account_id = ? ORDER BY id DESC LIMIT ?",
      {call.visitor.account_id, kMostOrders});
  return page(call, "Orders", {{"orders", rows}}, orders_view);
}

Response one_order(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/shop/orders");
  const json rows =
      call.app.database.query("SELECT id, created_at, total_cents FROM purchase WHERE id = ? AND account_id = ?",
                              {call.request.id, call.visitor.account_id});
  if (rows.empty()) throw HttpError(404, "You have no such order.");
  json model = rows[0];
  model["lines"] = call.app.database.query(
      "SELECT l.product_id, p.name, l.quantity, l.price_cents FROM purchase_line l "
      "JOIN product p ON p.id = l.product_id WHERE l.purchase_id = ? ORDER BY l.product_id",
      {call.request.id});
  return page(call, "Order", model, order_view);
}

}  // namespace

void add_orders(Router& router) {
  router.get("/shop/orders", orders);
  router.get("/shop/orders/{id}", one_order);
  router.post("/shop/orders", order);
}

}  // namespace site
