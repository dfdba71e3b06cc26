// SPDX-License-Identifier: Apache-2.0
// A reply, as a page for people or as JSON for programs: both show the same model. Also the checks that many handlers
// start with. Free functions, safe from any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "site/platform/app.h"
#include "site/platform/html.h"

namespace site {

/// The inside of a page: everything below the site's head line.
using View = Html (*)(const nlohmann::json& model, const Visitor& visitor);

/// The model as JSON if the request asked for it, else `view` of it in the site's frame.
Response page(const Call& call, std::string_view title, const nlohmann::json& model, View view);

/// What follows a form: a redirect (303) to `location`, or `model` for a program.
Response done(const Call& call, const std::string& location, const nlohmann::json& model);

Response error_page(const Call& call, const HttpError& error);

/// "Log in first": a redirect to the log-in page that comes back to `back`; 401 for a program. Throws CacheError when
/// it is not clear whether the visitor has logged in.
Response please_log_in(const Call& call, const std::string& back);

/// The hidden field that each form carries.
Html csrf_field(const Visitor& visitor);

/// Links to the page before and after `number`; `query` is the rest of the query, as "q=tea&", or "".
Html page_links(const nlohmann::json& model, const std::string& path, const std::string& query);

/// Whether this is well-formed UTF-8 (RFC 3629) without control characters but line ends and tabs.
bool is_clean_text(std::string_view text);

/// How many characters of UTF-8 these bytes are: what columns of the database count, and at least as many as forms
/// let a visitor type.
std::size_t characters(std::string_view text);

/// A text of a form, without white space at its ends. Throws HttpError 422 unless it is UTF-8 of [1, most] characters.
std::string required_text(const Fields& form, std::string_view name, std::size_t most);

/// The number of a form. Throws HttpError 422 unless it is in [least, most].
std::int64_t required_number(const Fields& form, std::string_view name, std::int64_t least, std::int64_t most);

/// The page number of a query, from 1.
std::int64_t page_number(const Request& request);

}  // namespace site
