// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "site/platform/page.h"
#include "site/seller/seller.h"
#include "site/shop/catalogue.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::int64_t kPageSize = 50;
constexpr std::int64_t kMostStock = 1000000;
constexpr std::int64_t kMostCents = 100000000;
constexpr const char* kFirstPicture = "none.png";

Html row(const json& item, const Visitor& visitor) {
  return html(
      "<tr><td><a href=\"/shop/products/{}\">{}</a></td><td><form class=\"line\" method=\"post\" "
      "action=\"/seller/items/{}\">{}"
      "<input type=\"number\" name=\"price_cents\" value=\"{}\" min=\"1\" aria-label=\"Price in cents\">"
      "<input type=\"hidden\" name=\"stock_seen\" value=\"{}\">"
      "<input type=\"number\" name=\"stock\" value=\"{}\" min=\"0\" "
      "aria-label=\"Stock\"><button>Save</button></form></td>"
      "<td><form class=\"line\" method=\"post\" enctype=\"multipart/form-data\" action=\"/seller/items/{}/picture\">{}"
      "<input type=\"file\" name=\"picture\" accept=\"image/png\" required "
      "aria-label=\"Picture\"><button>Upload</button></form></td></tr>",
      item.at("id"), item.at("name"), item.at("id"), csrf_field(visitor), item.at("price_cents"), item.at("stock"),
      item.at("stock"), item.at("id"), csrf_field(visitor));
}

Html items_view(const json& model, const Visitor& visitor) {
  Html rows;
  for (const json& item : model.at("items")) rows += row(item, visitor);
  return html(
      "<h1>My items</h1><p><a href=\"/seller/sales\">Sales report</a></p><div class=\"scroll\"><table>"
      "<tr><th>Item</th><th>Price in cents, stock</th><th>Picture</th></tr>{}</table></div>{}<h2>New item</h2>"
      "<form class=\"panel\" method=\"post\" action=\"/seller/items\">{}"
      "<label>Name<input name=\"name\" required maxlength=\"120\"></label>"
      "<label>Category<input name=\"category\" required maxlength=\"32\"></label>"
      "<label>Description<textarea name=\"description\" required maxlength=\"4000\"></textarea></label>"
      "<label>Price in cents<input type=\"number\" name=\"price_cents\" required min=\"1\"></label>"
      "<label>Stock<input type=\"number\" name=\"stock\" required min=\"0\"></label><button>Add</button></form>",
      rows, page_links(model, "/seller/items", ""), csrf_field(visitor));
}

Response items(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/seller/items");
  require_seller(call.visitor);
  const std::int64_t number = page_number(call.request);
  json rows = call.app.database.query(
      "SELECT id, name, price_cents, stock, picture FROM product WHERE seller_id = ? ORDER BY id LIMIT ? OFFSET ?",
      {call.visitor.account_id, kPageSize + 1, (number - 1) * kPageSize});
  const bool more = rows.size() > kPageSize;
  if (more) rows.erase(rows.size() - 1);
  return page(call, "My items", {{"items", rows}, {"page", number}, {"more", more}}, items_view);
}

Response new_item(const Call& call) {
  require_seller(call.visitor);
  const Fields& form = call.request.form;
  const std::string category = required_text(form, "category", 32);
  const std::string name = required_text(form, "name", 120);
  const std::string description = required_text(form, "description", 4000);
  const std::int64_t price = required_number(form, "price_cents", 1, kMostCents);
  const std::int64_t stock = required_number(form, "stock", 0, kMostStock);
  const Written written = call.app.database.execute(
      "INSERT INTO product (seller_id, category, name, description, price_cents, stock, picture) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {call.visitor.account_id, category, name, description, price, stock, kFirstPicture});
  lists_changed(call.app.cache);
  product_changed(call.app.cache, written.id);
  return done(call, "/shop/products/" + std::to_string(written.id), {{"item", written.id}});
}

Response edit_item(const Call& call) {
  require_seller(call.visitor);
  const std::int64_t price = required_number(call.request.form, "price_cents", 1, kMostCents);
  const std::int64_t stock = required_number(call.request.form, "stock", 0, kMostStock);
  require_own_item(call.app.database, call.visitor, call.request.id);
  // What was sold since the form was shown stays sold: only what the seller changed counts.
  const auto seen = call.request.form.number("stock_seen", 0, kMostStock);
  std::int64_t left = stock;
  call.app.database.transaction([&](Connection& connection) {
    const json now = connection.query("SELECT stock FROM product WHERE id = ? FOR UPDATE", {call.request.id})[0];
    const std::int64_t current = now.at("stock");
    left = seen ? std::clamp(current + stock - *seen, std::int64_t{0}, kMostStock) : stock;
    connection.execute("UPDATE product SET price_cents = ?, stock = ? WHERE id = ?", {price, left, call.request.id});
  });
  product_changed(call.app.cache, call.request.id);
  lists_changed(call.app.cache);
  return done(call, "/seller/items", {{"item", call.request.id}, {"price_cents", price}, {"stock", left}});
}

}  // namespace

void require_seller(const Visitor& visitor) {
  if (!visitor.known() || !visitor.seller) throw HttpError(403, "This page is for sellers.");
}

void require_own_item(Database& database, const Visitor& visitor, std::int64_t item) {
  const json rows = database.query("SELECT id FROM product WHERE id = ? AND seller_id = ?", {item, visitor.account_id});
  if (rows.empty()) throw HttpError(404, "You have no such item.");
}

void add_items(Router& router) {
  router.get("/seller/items", items);
  router.post("/seller/items", new_item);
  router.post("/seller/items/{id}", edit_item);
}

}  // namespace site
