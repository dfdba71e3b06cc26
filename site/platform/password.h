// SPDX-License-Identifier: Apache-2.0
// Passwords are kept as yescrypt hashes (libcrypt's "$y$"): slow to guess, salted by the kernel's random numbers.
// Safe from any thread; each call takes some milliseconds of processor time by design.
#pragma once

#include <string>

namespace site {

/// A new salted hash. Throws std::runtime_error if libcrypt cannot make one.
std::string hash_password(const std::string& password);

/// Whether `password` is what `hash` was made from. False for a hash that libcrypt does not know.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace site
