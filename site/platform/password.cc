// SPDX-License-Identifier: Apache-2.0
#include "site/platform/password.h"

#include <crypt.h>

#include <memory>
#include <stdexcept>

#include "site/platform/random.h"

namespace site {
namespace {

/// The hash of `password` under `setting` (a salt or a whole hash), or "" where libcrypt refuses.
std::string crypt_with(const std::string& password, const char* setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_rn(password.c_str(), setting, data.get(), sizeof(crypt_data));
  return hash == nullptr ? std::string() : hash;
}

}  // namespace

std::string hash_password(const std::string& password) {
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$y$", 0, nullptr, 0, salt, sizeof(salt)) == nullptr) {
    throw std::runtime_error("libcrypt makes no yescrypt salt");
  }
  std::string hash = crypt_with(password, salt);
  if (hash.empty()) throw std::runtime_error("libcrypt refused to hash");
  return hash;
}

bool password_matches(const std::string& password, const std::string& hash) {
  const std::string again = crypt_with(password, hash.c_str());
  return !again.empty() && same_secret(again, hash);
}

}  // namespace site
