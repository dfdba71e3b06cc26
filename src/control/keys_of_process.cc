// SPDX-License-Identifier: Apache-2.0
#include "control/key_rows.h"

namespace tenfold::control {
namespace {

constexpr std::uint64_t kDayMs = 86'400'000;

std::string workers(std::uint32_t value) {
  return value == 0 ? quoted("auto") : shown::number(value);
}

const std::vector<Key> kRunKeys = {
    {.section = Section::kRun,
     .name = "workers",
     .type = KeyType::kWorkers,
     .doc = "Threads that serve, one event loop each; \"auto\" is one a core. Needs a restart.",
     .example = "4",
     .least = 1,
     .most = 256,
     TENFOLD_KEY(run->workers, number, workers)},
    {.section = Section::kRun,
     .name = "io",
     .type = KeyType::kChoice,
     .doc = "How workers talk to the kernel; \"auto\" is io_uring where the kernel lets us, else epoll. Needs a "
            "restart.",
     .example = "\"epoll\"",
     .choices = {"auto", "uring", "epoll"},
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.run->io = v.text == "uring"   ? cluster::IoChoice::kUring
                   : v.text == "epoll" ? cluster::IoChoice::kEpoll
                                       : cluster::IoChoice::kAuto;
       return {};
     },
     .show = [](const Draft& d) -> std::string {
       return d.run->io == cluster::IoChoice::kUring   ? quoted("uring")
              : d.run->io == cluster::IoChoice::kEpoll ? quoted("epoll")
                                                       : quoted("auto");
     }},
    {.section = Section::kRun,
     .name = "header_timeout",
     .type = KeyType::kDuration,
     .doc = "A request's head must be whole this long after its first byte, and a new connection must begin one. A "
            "connection over TCP that stays silent has about seven seconds more, for which the kernel keeps it to "
            "itself.",
     .example = "\"10s\"",
     .least = 1,
     .most = kDayMs,
     TENFOLD_KEY(run->header_timeout, duration, shown::duration)},
    {.section = Section::kRun,
     .name = "shutdown_grace",
     .type = KeyType::kDuration,
     .doc = "After SIGTERM: readiness says no, and clients are still accepted, for this long.",
     .example = "\"5s\"",
     .most = kDayMs,
     TENFOLD_KEY(run->shutdown_grace, duration, shown::duration)},
    {.section = Section::kRun,
     .name = "shutdown_limit",
     .type = KeyType::kDuration,
     .doc = "Then what is under way may take this long, before it is cut off.",
     .example = "\"30s\"",
     .most = kDayMs,
     TENFOLD_KEY(run->shutdown_limit, duration, shown::duration)},
    {.section = Section::kRun,
     .name = "connections_max",
     .type = KeyType::kInteger,
     .doc = "Client connections over all workers; more are closed at once.",
     .example = "100000",
     .least = 1,
     .most = 10'000'000,
     TENFOLD_KEY(run->connections_max, number, shown::number)},
    {.section = Section::kRun,
     .name = "access_log",
     .type = KeyType::kText,
     .doc = "A file, \"-\" for standard output, \"\" for none. One JSON object a line; SIGUSR1 opens the file anew. "
            "It is opened as run.user, for whom a folder whose logs are rotated must be writable. Needs a restart.",
     .example = "\"/var/log/tenfold/access.log\"",
     TENFOLD_KEY(run->access_log, text, quoted)},
    {.section = Section::kRun,
     .name = "state_file",
     .type = KeyType::kText,
     .doc =
         "Where the next start finds which nodes of caches had the keys, and which had failed. \"auto\" is the name of "
         "this file with .state behind it, in STATE_DIRECTORY where a service manager sets that, else beside this "
         "file; \"\" keeps nothing. run.user must be able to write to the folder. Needs a restart.",
     .example = "\"/var/lib/tenfold/tenfold.state\"",
     TENFOLD_KEY(run->state_file, text, quoted)},
    {.section = Section::kRun,
     .name = "user",
     .type = KeyType::kText,
     .doc = "Once the listeners are open, privileges are dropped to this account; \"\" keeps those of the start.",
     .example = "\"tenfold\"",
     TENFOLD_KEY(run->user, text, quoted)},
};

const std::vector<Key> kAdminKeys = {
    {.section = Section::kAdmin,
     .name = "listen",
     .type = KeyType::kAddress,
     .doc = "Admin API and metrics. Loopback or a Unix socket, unless a token is set. Needs a restart.",
     .example = "\"unix:/run/tenfold/admin.sock\"",
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.admin->listen = v.addresses.front();
       return {};
     },
     .show = [](const Draft& d) -> std::string { return quoted(d.admin->listen.to_text()); }},
    {.section = Section::kAdmin,
     .name = "token",
     .type = KeyType::kSecret,
     .doc = "Asked of every caller as `Authorization: Bearer`. env:NAME, file:PATH, or the text itself. Needs "
            "a restart: until then the one of the start is asked for.",
     .example = "\"env:TENFOLD_TOKEN\"",
     .set = [](const Draft& d, const KeyValue& v) -> std::string {
       d.admin->token = v.text;
       return {};
     },
     .show = [](const Draft& d) -> std::string { return shown::secret(d.admin->token); },
     .secret = [](const Draft& d) -> const std::string& { return d.admin->token; }},
};

}  // namespace

std::vector<Key> process_keys() {
  std::vector<Key> keys = kRunKeys;
  keys.insert(keys.end(), kAdminKeys.begin(), kAdminKeys.end());
  return keys;
}

}  // namespace tenfold::control
