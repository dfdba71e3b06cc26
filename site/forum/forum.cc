// SPDX-License-Identifier: Apache-2.0
#include "site/forum/forum.h"

#include <nlohmann/json.hpp>

#include "site/platform/page.h"

namespace site {
namespace {

using nlohmann::json;

constexpr std::int64_t kPageSize = 30;
constexpr std::size_t kTitleMost = 120;
constexpr std::size_t kBodyMost = 8000;

std::string thread_path(std::int64_t id) {
  return "/forum/threads/" + std::to_string(id);
}

Html text_area(std::string_view label) {
  return html("<label>{}<textarea name=\"text\" required maxlength=\"8000\"></textarea></label>", label);
}

Html threads_view(const json& model, const Visitor& visitor) {
  Html rows;
  for (const json& row : model.at("threads")) {
    rows += html(
        "<tr><td><a href=\"{}\">{}</a><br><span class=\"soft\">{}</span></td><td "
        "class=\"number\">{}</td><td>{}</td></tr>",
        thread_path(row.at("id")), row.at("title"), row.at("author"), row.at("replies"), row.at("last_post_at"));
  }
  const Html form = html(
      "<h2>New thread</h2><form class=\"panel\" method=\"post\" action=\"/forum/threads\">{}"
      "<label>Title<input name=\"title\" required maxlength=\"120\"></label>{}<button>Post</button></form>",
      csrf_field(visitor), text_area("Text"));
  const Html invitation{"<p><a href=\"/account/login?next=/forum/\">Log in</a> to write.</p>"};
  return html(
      "<h1>Forum</h1><div class=\"scroll\"><table><tr><th>Thread</th><th class=\"number\">Replies</th>"
      "<th>Last post (UTC)</th></tr>{}</table></div>{}{}",
      rows, page_links(model, "/forum/", ""), visitor.known() ? form : invitation);
}

Html thread_view(const json& model, const Visitor& visitor) {
  Html posts;
  for (const json& post : model.at("posts")) {
    posts += html(
        "<article class=\"panel post\"><strong>{}</strong> <span class=\"soft\">{}</span><p "
        "class=\"text\">{}</p></article>",
        post.at("author"), post.at("created_at"), post.at("body"));
  }
  const std::string path = thread_path(model.at("id"));
  const Html form = html("<form class=\"panel\" method=\"post\" action=\"{}\">{}{}<button>Reply</button></form>", path,
                         csrf_field(visitor), text_area("Reply"));
  const Html invitation = html("<p><a href=\"/account/login?next={}\">Log in</a> to reply.</p>", path);
  return html("<p class=\"soft\"><a href=\"/forum/\">Forum</a></p><h1>{}</h1>{}{}{}", model.at("title"), posts,
              page_links(model, path, ""), visitor.known() ? form : invitation);
}

/// Takes the row beyond the page off, and says whether there was one.
bool trim(json& rows) {
  const bool more = rows.size() > kPageSize;
  if (more) rows.erase(rows.size() - 1);
  return more;
}

Response threads(const Call& call) {
  const std::int64_t number = page_number(call.request);
  json rows = call.app.database.query(
      "SELECT t.id, t.title, a.name AS author, t.replies, t.last_post_at FROM thread t JOIN account a ON a.id = "
      "t.account_id "
      "ORDER BY t.last_post_at DESC, t.id DESC LIMIT ? OFFSET ?",
      {kPageSize + 1, (number - 1) * kPageSize});
  const bool more = trim(rows);
  return page(call, "Forum", {{"threads", rows}, {"page", number}, {"more", more}}, threads_view);
}

Response thread(const Call& call) {
  const std::int64_t number = page_number(call.request);
  const json found = call.app.database.query("SELECT id, title FROM thread WHERE id = ?", {call.request.id});
  if (found.empty()) throw HttpError(404, "There is no such thread.");
  json rows = call.app.database.query(
      "SELECT p.id, a.name AS author, p.created_at, p.body FROM post p JOIN account a ON a.id = p.account_id "
      "WHERE p.thread_id = ? ORDER BY p.id LIMIT ? OFFSET ?",
      {call.request.id, kPageSize + 1, (number - 1) * kPageSize});
  json model = found[0];
  model["more"] = trim(rows);
  model["posts"] = rows;
  model["page"] = number;
  return page(call, found[0].at("title").get<std::string>(), model, thread_view);
}

Response new_thread(const Call& call) {
  if (!call.visitor.known()) return please_log_in(call, "/forum/");
  const std::string title = required_text(call.request.form, "title", kTitleMost);
  const std::string text = required_text(call.request.form, "text", kBodyMost);
  std::int64_t id = 0;
  call.app.database.transaction([&](Connection& connection) {
    id =
        connection.execute("INSERT INTO thread (account_id, title) VALUES (?, ?)", {call.visitor.account_id, title}).id;
    connection.execute("INSERT INTO post (thread_id, account_id, body) VALUES (?, ?, ?)",
                       {id, call.visitor.account_id, text});
  });
  return done(call, thread_path(id), {{"thread", id}});
}

Response reply(const Call& call) {
  const std::int64_t id = call.request.id;
  if (!call.visitor.known()) return please_log_in(call, thread_path(id));
  const std::string text = required_text(call.request.form, "text", kBodyMost);
  std::int64_t replies = 0;
  call.app.database.transaction([&](Connection& connection) {
    const Written counted =
        connection.execute("UPDATE thread SET replies = replies + 1, last_post_at = UTC_TIMESTAMP WHERE id = ?", {id});
    if (counted.rows == 0) throw HttpError(404, "There is no such thread.");
    connection.execute("INSERT INTO post (thread_id, account_id, body) VALUES (?, ?, ?)",
                       {id, call.visitor.account_id, text});
    replies = connection.query("SELECT replies FROM thread WHERE id = ?", {id})[0].at("replies");
  });
  const std::int64_t last_page = replies / kPageSize + 1;
  return done(call, thread_path(id) + "?page=" + std::to_string(last_page), {{"thread", id}, {"replies", replies}});
}

}  // namespace

void add_forum(Router& router) {
  router.get("/forum/", threads);
  router.get("/forum/threads/{id}", thread);
  router.post("/forum/threads", new_thread);
  router.post("/forum/threads/{id}", reply);
}

}  // namespace site
