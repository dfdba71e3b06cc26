// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace tenfold::runtime::native {
namespace {

constexpr uid_t kNobody = 65534;  // root has no limit of tasks

void make_a_thread_too_many() {
  if (geteuid() == 0 && setuid(kNobody) != 0) return;
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_NPROC, &none) != 0) return;
  const Thread thread("worker-7", [] {});
}

TEST(Thread, WhereThereCanBeNoneTheProcessEndsWithTheReason) {
  EXPECT_EXIT(make_a_thread_too_many(), testing::ExitedWithCode(1),
              "tenfold: the thread worker-7 cannot be started: .*; lower run.workers, or raise the limit of tasks");
}

}  // namespace
}  // namespace tenfold::runtime::native
