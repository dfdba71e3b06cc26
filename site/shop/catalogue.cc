// SPDX-License-Identifier: Apache-2.0
#include "site/shop/catalogue.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "site/platform/page.h"
#include "site/shop/shop.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::int64_t kPageSize = 24;
constexpr std::size_t kSearchMost = 60;
constexpr std::size_t kCategoryMost = 32;
constexpr std::chrono::seconds kListTtl{60};
constexpr std::chrono::seconds kProductTtl{300};
constexpr const char* kLists = "generation:lists";

std::string product_generation(std::int64_t id) {
  return "generation:product:" + std::to_string(id);
}

/// Words that InnoDB's full-text index leaves out; a query that asks for one finds nothing. (MariaDB: "Full-Text Index
/// Stopwords" and innodb_ft_min_token_size.)
constexpr std::size_t kLeastWordBytes = 3;
constexpr std::array<std::string_view, 18> kStopWords{"about", "are", "com",  "for",  "from", "how",
                                                      "that",  "the", "this", "was",  "what", "when",
                                                      "where", "who", "will", "with", "und",  "www"};

bool is_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

bool is_indexed(const std::string& word) {
  return word.size() >= kLeastWordBytes && std::ranges::find(kStopWords, word) == kStopWords.end();
}

/// A boolean full-text query that wants every word of the text, each as a prefix. Empty if it holds no word.
std::string every_word(std::string_view text) {
  std::string out;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_letter(text[i])) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
      continue;
    }
    if (is_indexed(word)) out += "+" + word + "* ";
    word.clear();
  }
  return out;
}

json read_list(Database& database, const std::string& words, const std::string& category, std::int64_t page) {
  const std::int64_t offset = (page - 1) * kPageSize;
  json products = database.query(
      "SELECT id, name, category, price_cents, picture, stock > 0 AS available FROM product "
      "WHERE (? = '' OR category = ?) AND (? = '' OR MATCH (name, description) AGAINST (? IN BOOLEAN MODE)) "
      "ORDER BY id LIMIT ? OFFSET ?",
      {category, category, words, words, kPageSize + 1, offset});
  const bool more = products.size() > kPageSize;
  if (more) products.erase(products.size() - 1);
  return {{"products", products},
          {"more", more},
          {"page", page},
          {"categories", database.query("SELECT category, COUNT(*) AS products FROM product GROUP BY category")}};
}

json list(const Call& call, const std::string& search, const std::string& category, std::int64_t page) {
  const std::string words = every_word(search);
  const std::string key = "list:" + url_encode(words) + ":" + url_encode(category) + ":" + std::to_string(page);
  const std::string text = call.app.cache.remember(
      key, kLists, kListTtl, [&] { return read_list(call.app.database, words, category, page).dump(); });
  json model = json::parse(text);
  model["search"] = search;
  model["category"] = category;
  return model;
}

Html card(const json& product) {
  return html(
      "<li class=\"card\"><a href=\"/shop/products/{}\"><img src=\"/static/{}\" alt=\"\" width=\"240\" height=\"180\" "
      "loading=\"lazy\"><div><span class=\"name\">{}</span><br><span class=\"price\">{}</span>{}</div></a></li>",
      product.at("id"), product.at("picture"), product.at("name"), money(product.at("price_cents")),
      product.at("available") == 1 ? Html{} : Html{" <span class=\"bad\">sold out</span>"});
}

Html cards(const json& products) {
  Html items;
  for (const json& product : products) items += card(product);
  return html("<ul class=\"grid\">{}</ul>", items);
}

Html categories(const json& model) {
  const std::string chosen = model.at("category");
  Html chips = html("<a class=\"chip{}\" href=\"/shop/products\">All</a>", chosen.empty() ? " on" : "");
  for (const json& row : model.at("categories")) {
    const std::string name = row.at("category");
    chips += html(" <a class=\"chip{}\" href=\"/shop/products?category={}\">{}</a>", name == chosen ? " on" : "",
                  url_encode(name), name);
  }
  return html("<nav class=\"bar\" aria-label=\"Categories\">{}</nav>", chips);
}

Html search_form(const std::string& search) {
  return html(
      "<form class=\"bar\" action=\"/shop/products\" role=\"search\"><input type=\"search\" name=\"q\" value=\"{}\" "
      "aria-label=\"Search products\" placeholder=\"Search products\" maxlength=\"60\"><button>Search</button></form>",
      search);
}

Html list_view(const json& model, const Visitor&) {
  const std::string search = model.at("search");
  const std::string category = model.at("category");
  const std::string query = "q=" + url_encode(search) + "&category=" + url_encode(category) + "&";
  const Html found =
      model.at("products").empty() ? Html{"<p class=\"panel\">Nothing found.</p>"} : cards(model.at("products"));
  return html("<h1>Products</h1>{}{}{}{}", search_form(search), categories(model), found,
              page_links(model, "/shop/products", query));
}

Html home_view(const json& model, const Visitor&) {
  return html(
      "<h1>Good things from ten corners of the town</h1>{}{}{}<p><a href=\"/shop/products?page=2\">More products "
      "→</a></p>",
      search_form(""), categories(model), cards(model.at("products")));
}

Html product_view(const json& model, const Visitor& visitor) {
  const std::int64_t stock = model.at("stock");
  Html buying{"<p class=\"bad\">Sold out</p>"};
  if (stock > 0 && visitor.known()) {
    buying = html(
        "<form class=\"line\" method=\"post\" action=\"/shop/cart\">{}<input type=\"hidden\" name=\"product\" "
        "value=\"{}\">"
        "<input type=\"number\" name=\"quantity\" value=\"1\" min=\"1\" max=\"99\" aria-label=\"Quantity\">"
        "<button>Add to cart</button></form>",
        csrf_field(visitor), model.at("id"));
  } else if (stock > 0) {
    buying = html("<p><a href=\"/account/login?next=/shop/products/{}\">Log in</a> to buy it.</p>", model.at("id"));
  }
  return html(
      "<div class=\"product\"><img src=\"/static/{}\" alt=\"{}\" width=\"240\" height=\"180\"><div><p class=\"soft\">"
      "<a href=\"/shop/products?category={}\">{}</a></p><h1>{}</h1><p class=\"text\">{}</p><p class=\"price\">{}</p>"
      "<p class=\"soft\">{} in stock · sold by {}</p>{}</div></div>",
      model.at("picture"), model.at("name"), url_encode(model.at("category").get<std::string>()), model.at("category"),
      model.at("name"), model.at("description"), money(model.at("price_cents")), stock, model.at("seller"), buying);
}

/// A text of the query; "" if it is too long, or no text at all.
std::string query_text(const Request& request, std::string_view name, std::size_t most) {
  const std::string_view text = request.query.text(name);
  return characters(text) <= most && is_clean_text(text) ? std::string(text) : "";
}

Response products(const Call& call) {
  const std::string search = query_text(call.request, "q", kSearchMost);
  const std::string category = query_text(call.request, "category", kCategoryMost);
  return page(call, "Products", list(call, search, category, page_number(call.request)), list_view);
}

Response product(const Call& call) {
  const std::int64_t id = call.request.id;
  const std::string key = "product:" + std::to_string(id);
  const std::string text = call.app.cache.remember(key, product_generation(id), kProductTtl, [&] {
    return call.app.database
        .query(
            "SELECT p.id, p.name, p.category, p.description, p.price_cents, p.stock, p.picture, a.name AS seller "
            "FROM product p JOIN account a ON a.id = p.seller_id WHERE p.id = ?",
            {id})
        .dump();
  });
  const json rows = json::parse(text);
  if (rows.empty()) throw HttpError(404, "There is no such product.");
  return page(call, rows[0].at("name").get<std::string>(), rows[0], product_view);
}

}  // namespace

void product_changed(Cache& cache, std::int64_t product) {
  cache.renew(product_generation(product));
}

void lists_changed(Cache& cache) {
  cache.renew(kLists);
}

void add_catalogue(Router& router) {
  router.get("/", [](const Call& call) { return page(call, "Shop", list(call, "", "", 1), home_view); });
  router.get("/shop/products", products);
  router.get("/shop/products/{id}", product);
}

}  // namespace site
