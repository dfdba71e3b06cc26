// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "site/platform/page.h"
#include "site/seller/seller.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostRows = 200;

Html sales_view(const json& model, const Visitor&) {
  Html rows;
  for (const json& row : model.at("sales")) {
    rows += html(
        "<tr><td><a href=\"/shop/products/{}\">{}</a></td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>",
        row.at("id"), row.at("name"), row.at("sold"), money(row.at("income_cents")), row.at("stock"));
  }
  return html(
      "<h1>Sales</h1><p class=\"price\">{} items sold for {}</p><div class=\"scroll\"><table><tr><th>Item</th>"
      "<th class=\"number\">Sold</th><th class=\"number\">Income</th><th class=\"number\">In "
      "stock</th></tr>{}</table></div>",
      model.at("sold"), money(model.at("income_cents")), rows);
}

Response sales(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/seller/sales");
  require_seller(call.visitor);
  json model = call.app.database.query(
      "SELECT CAST(COALESCE(SUM(l.quantity), 0) AS SIGNED) AS sold, "
      "CAST(COALESCE(SUM(l.quantity * l.price_cents), 0) AS SIGNED) AS income_cents "
      "FROM purchase_line l JOIN product p ON p.id = l.product_id WHERE p.seller_id = ?",
      {call.visitor.account_id})[0];
  model["sales"] = call.app.database.query(
      "SELECT p.id, p.name, p.stock, CAST(SUM(l.quantity) AS SIGNED) AS sold, "
      "CAST(SUM(l.quantity * l.price_cents) AS SIGNED) AS income_cents "
      "FROM purchase_line l JOIN product p ON p.id = l.product_id WHERE p.seller_id = ? "
      "GROUP BY p.id, p.name, p.stock ORDER BY income_cents DESC LIMIT ?",
      {call.visitor.account_id, kMostRows});
  return page(call, "Sales", model, sales_view);
}

}  // namespace

void add_sales(Router& router) {
  router.get("/seller/sales", sales);
}

}  // namespace site
