// SPDX-License-Identifier: Apache-2.0
#include "control/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tenfold::control {

bool has_account(const std::string& account) {
  return account.empty() || getpwnam(account.c_str()) != nullptr;
}

std::expected<void, std::string> drop_privileges(const std::string& account) {
  if (account.empty() || geteuid() != 0) return {};
  const passwd* entry = getpwnam(account.c_str());
  if (entry == nullptr) return std::unexpected(fmt::format("run.user: there is no account {}", account));
  if (initgroups(account.c_str(), entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0)
    return std::unexpected(fmt::format("run.user: cannot become {}: {}", account, std::strerror(errno)));
  return {};
}

}  // namespace tenfold::control
