// SPDX-License-Identifier: Apache-2.0
#include "site/accounts/accounts.h"

#include <nlohmann/json.hpp>

#include "site/platform/page.h"
#include "site/platform/password.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::size_t kNameMost = 32;
constexpr std::size_t kPasswordLeast = 8;
constexpr std::size_t kPasswordMost = 120;  // libcrypt takes 511 bytes

/// A path of this site to go to after logging in; anything else leads home.
std::string safe_path(std::string_view path) {
  const bool is_local = path.starts_with('/') && !path.starts_with("//") && path.find('\\') == std::string_view::npos;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) <= ' ') return "/";
  }
  return is_local ? std::string(path) : "/";
}

Html fields(const json& model, const Visitor& visitor, bool with_seller) {
  const Html seller{
      "<label class=\"check\"><input type=\"checkbox\" name=\"seller\" value=\"1\"> I want to sell</label>"};
  return html(
      "{}<input type=\"hidden\" name=\"next\" value=\"{}\">"
      "<label>Name<input name=\"name\" required maxlength=\"32\" autocomplete=\"username\"></label>"
      "<label>Password<input name=\"password\" type=\"password\" required minlength=\"8\" maxlength=\"120\" "
      "autocomplete=\"{}\"></label>{}",
      csrf_field(visitor), model.at("next"), with_seller ? "new-password" : "current-password",
      with_seller ? seller : Html{});
}

Html log_in_view(const json& model, const Visitor& visitor) {
  return html(
      "<div class=\"panel narrow\"><h1>Log in</h1><form method=\"post\" action=\"/account/login\">{}"
      "<button>Log in</button></form><p class=\"soft\">New here? <a href=\"/account/register\">Register</a>.</p></div>",
      fields(model, visitor, false));
}

Html register_view(const json& model, const Visitor& visitor) {
  return html(
      "<div class=\"panel narrow\"><h1>Register</h1><form method=\"post\" action=\"/account/register\">{}"
      "<button>Register</button></form></div>",
      fields(model, visitor, true));
}

Html account_view(const json& model, const Visitor&) {
  return html("<h1>Account</h1><p class=\"panel\">You are logged in as <strong>{}</strong>.</p>", model.at("name"));
}

json describe(const Visitor& visitor) {
  return {{"id", visitor.account_id}, {"name", visitor.name}, {"seller", visitor.seller}, {"csrf", visitor.csrf}};
}

/// A form for someone who may have no session yet: the session that its token belongs to is made here.
Response form_page(const Call& call, std::string_view title, View view) {
  Response cookie;
  Visitor visitor = call.visitor;
  if (visitor.session.empty()) call.app.sessions.start(visitor, cookie);
  const json model{{"next", safe_path(call.request.query.text("next"))}, {"csrf", visitor.csrf}};
  Response response = page(Call{call.app, call.request, visitor}, title, model, view);
  response.headers.insert(response.headers.end(), cookie.headers.begin(), cookie.headers.end());
  return response;
}

/// Ends the old session and starts one for the account: a session name never survives a log-in.
Response enter(const Call& call, std::int64_t account, const std::string& name, bool seller) {
  Visitor visitor;
  visitor.account_id = account;
  visitor.name = name;
  visitor.seller = seller;
  Response cookie;
  if (!call.visitor.session.empty()) call.app.sessions.end(call.visitor, cookie);
  cookie.headers.clear();
  call.app.sessions.start(visitor, cookie);
  Response response = done(call, safe_path(call.request.form.text("next")), describe(visitor));
  response.headers.insert(response.headers.end(), cookie.headers.begin(), cookie.headers.end());
  return response;
}

Response log_in(const Call& call) {
  const std::string name = required_text(call.request.form, "name", kNameMost);
  const std::string password = required_text(call.request.form, "password", kPasswordMost);
  const json rows =
      call.app.database.query("SELECT id, name, password_hash, seller FROM account WHERE name = ?", {name});
  if (rows.empty() || !password_matches(password, rows[0].at("password_hash"))) {
    throw HttpError(403, "Name or password is wrong.");
  }
  return enter(call, rows[0].at("id"), rows[0].at("name"), rows[0].at("seller") == 1);
}

Response register_account(const Call& call) {
  const std::string name = required_text(call.request.form, "name", kNameMost);
  const std::string password = required_text(call.request.form, "password", kPasswordMost);
  if (characters(password) < kPasswordLeast) throw HttpError(422, "The password needs at least 8 characters.");
  const bool seller = call.request.form.text("seller") == "1";
  const std::int64_t account = create_account(call.app.database, name, password, seller);
  if (account == 0) throw HttpError(409, "This name is taken.");
  return enter(call, account, name, seller);
}

Response log_out(const Call& call) {
  Response cookie;
  call.app.sessions.end(call.visitor, cookie);
  Response response = done(call, "/", json::object());
  response.headers.insert(response.headers.end(), cookie.headers.begin(), cookie.headers.end());
  return response;
}

Response account(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/account");
  return page(call, "Account", describe(call.visitor), account_view);
}

}  // namespace

std::int64_t create_account(Database& database, const std::string& name, const std::string& password, bool seller) {
  try {
    return database
        .execute("INSERT INTO account (name, password_hash, seller) VALUES (?, ?, ?)",
                 {name, hash_password(password), seller})
        .id;
  } catch (const DatabaseError& error) {
    if (error.duplicate_key()) return 0;
    throw;
  }
}

void add_accounts(Router& router) {
  router.get("/account", account);
  router.get("/account/login", [](const Call& call) { return form_page(call, "Log in", log_in_view); });
  router.get("/account/register", [](const Call& call) { return form_page(call, "Register", register_view); });
  router.post("/account/login", log_in);
  router.post("/account/register", register_account);
  router.post("/account/logout", log_out);
}

}  // namespace site
