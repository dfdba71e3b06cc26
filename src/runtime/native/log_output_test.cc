// SPDX-License-Identifier: Apache-2.0
#include "runtime/native/log_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace tenfold::runtime::native {
namespace {

using namespace std::chrono_literals;

TEST(LogOutput, GivesAPipeWholeLinesAndWaitsNoLongerThanItIsTold) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const std::string line = std::string(99, 'x') + "\n";
  std::string text;
  while (text.size() < 256 * 1024) text += line;
  const LogOutput output(pipe[1]);
  const std::string_view left = output.write(text, 1ms);
  EXPECT_EQ(errno, EAGAIN);
  ASSERT_FALSE(left.empty());
  const std::size_t taken = text.size() - left.size();
  EXPECT_GT(taken, 0U);
  EXPECT_EQ(taken % line.size(), 0U) << "the last line is whole";
  EXPECT_EQ(output.write(line, 0ms), line) << "it takes no more";
  std::string read(taken, '\0');
  ASSERT_EQ(::read(pipe[0], read.data(), read.size()), static_cast<ssize_t>(taken));
  EXPECT_EQ(read, text.substr(0, taken));
  EXPECT_TRUE(output.write(line, 0ms).empty()) << "somebody has read";
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace tenfold::runtime::native
