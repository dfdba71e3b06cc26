// SPDX-License-Identifier: Apache-2.0
// A picture arrives either as the body itself, with the CSRF token in X-CSRF-Token, or as the part "picture" of a
// multipart form whose part "csrf" came before. It is written to disk as it arrives, never held whole. Each upload
// gets a name of its own, so that no cache on the way can show the old picture under the new one's name.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "site/platform/files.h"
#include "site/platform/page.h"
#include "site/platform/png.h"
#include "site/platform/random.h"
#include "site/seller/seller.h"
#include "site/shop/catalogue.h"

namespace site {
namespace {

constexpr std::size_t kMostBytes = 8 * 1024 * 1024;
constexpr std::size_t kHeadBytes = 64;  // enough for png_size
constexpr std::size_t kTokenBytes = 64;
constexpr std::uint32_t kMostPixels = 8000;  // on each side

class PictureUpload {
 public:
  PictureUpload(const Call& call, NewFile& file) : call_(call), file_(file), token_(call.request.csrf) {}

  /// Reads the whole body into the file. Throws HttpError unless it is a picture from a form of this session.
  void read() {
    const UploadSink sink{[this](const std::string& name) { return begin(name); },
                          [this](std::string_view bytes) { return take(bytes); }};
    const bool is_whole = call_.request.upload(sink);
    if (!is_allowed()) throw HttpError(403, "This form is too old. Go back, reload the page and send it again.");
    if (file_.size_bytes() > kMostBytes) throw HttpError(413, "A picture may have 8 MiB at most.");
    if (!is_whole) throw HttpError(400, "The upload broke off.");
    const auto size = png_size(head_);
    if (!size) throw HttpError(422, "The picture must be a PNG file.");
    if (size->width > kMostPixels || size->height > kMostPixels)
      throw HttpError(422, "The picture is too wide or high.");
  }

 private:
  bool is_allowed() const { return !call_.visitor.csrf.empty() && same_secret(token_, call_.visitor.csrf); }

  bool begin(const std::string& name) {
    is_token_ = name == "csrf";
    if (is_token_) token_.clear();
    return is_token_ || is_allowed();
  }

  bool take(std::string_view bytes) {
    if (is_token_) {
      token_ += bytes;
      return token_.size() <= kTokenBytes;
    }
    if (head_.size() < kHeadBytes) head_ += bytes.substr(0, kHeadBytes - head_.size());
    file_.write(bytes);
    return file_.size_bytes() <= kMostBytes;
  }

  const Call& call_;
  NewFile& file_;
  std::string token_;
  std::string head_;
  bool is_token_ = false;
};

Response upload_picture(const Call& call) {
  require_seller(call.visitor);
  require_own_item(call.app.database, call.visitor, call.request.id);
  if (call.app.options.pictures.empty()) throw HttpError(503, "This server takes no pictures.");
  const std::string name = fmt::format("item-{}-{}.png", call.request.id, random_token().substr(0, 12));
  NewFile file(call.app.options.pictures, name);
  PictureUpload(call, file).read();
  file.publish();
  call.app.database.execute("UPDATE product SET picture = ? WHERE id = ? AND seller_id = ?",
                            {name, call.request.id, call.visitor.account_id});
  product_changed(call.app.cache, call.request.id);
  lists_changed(call.app.cache);
  return done(call, "/shop/products/" + std::to_string(call.request.id),
              {{"picture", name}, {"size_bytes", file.size_bytes()}});
}

}  // namespace

void add_pictures(Router& router) {
  router.upload("/seller/items/{id}/picture", upload_picture);
}

}  // namespace site
