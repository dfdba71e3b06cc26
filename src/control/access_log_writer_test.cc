// SPDX-License-Identifier: Apache-2.0
#include "control/access_log_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <string>
#include <vector>

#include "control/file_text.h"

namespace tenfold::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesMost = 4096;

struct Loss {
  std::uint64_t lines = 0;
  std::string problem;
};

// A folder of its own, and what a writer reported; read when as much was reported as is waited for, or the writer has
// ended.
class AccessLog : public testing::Test {
 protected:
  AccessLog() : folder_(testing::TempDir() + "access_log_XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) folder_.clear();
  }
  ~AccessLog() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  AccessLogWriter::Report report() {
    return [this](std::uint64_t lines, std::string problem) {
      losses_.push_back({lines, std::move(problem)});
      reported_.release();
    };
  }

  std::string folder_;
  std::vector<Loss> losses_;
  std::counting_semaphore<> reported_{0};
};

TEST_F(AccessLog, SaysWhyItCannotBeOpened) {
  AccessLogWriter writer(path("no/such/folder"), report());
  const auto opened = writer.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(),
            "the access log " + path("no/such/folder") + " cannot be opened: No such file or directory");
}

TEST_F(AccessLog, WritesWhatWasQueuedBeforeItWasOpen) {
  {
    AccessLogWriter writer(path("a.log"), report());
    EXPECT_TRUE(writer.write("1\n"));
    ASSERT_TRUE(writer.open());
    EXPECT_TRUE(writer.write("2\n"));
  }
  EXPECT_EQ(read_file(path("a.log"), kBytesMost), "1\n2\n");
}

TEST_F(AccessLog, GoesOnWithTheOldFileWhereANewOneCannotBeHad) {
  fs::create_directory(path("logs"));
  {
    AccessLogWriter writer(path("logs/a.log"), report());
    ASSERT_TRUE(writer.open());
    fs::rename(path("logs"), path("away"));
    writer.reopen();
    EXPECT_TRUE(writer.write("1\n"));
  }
  EXPECT_EQ(read_file(path("away/a.log"), kBytesMost), "1\n");
  ASSERT_EQ(losses_.size(), 1U);
  EXPECT_EQ(losses_[0].lines, 0U);
  EXPECT_NE(losses_[0].problem.find("No such file"), std::string::npos);
}

// Files of this process may not grow over a size while it lives: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    old_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_);
  }

 private:
  rlimit before_{};
  void (*old_)(int) = nullptr;
};

TEST_F(AccessLog, CountsTheLinesThatAFullDiskTakesAndGluesNoneTogether) {
  const std::string log = path("a.log");
  {
    AccessLogWriter writer(log, report());
    EXPECT_TRUE(writer.write("first\nsecond\nthird\n"));
    EXPECT_TRUE(writer.write("fourth\n"));
    {
      const FullDisk full(8);  // within "second"
      ASSERT_TRUE(writer.open());
      for (int batch = 0; batch < 2; ++batch) reported_.acquire();
    }
    EXPECT_TRUE(writer.write("fifth\n"));
  }
  EXPECT_EQ(read_file(log, kBytesMost), "first\nse\nfifth\n");
  ASSERT_EQ(losses_.size(), 2U);
  EXPECT_EQ(losses_[0].lines, 2U);
  EXPECT_EQ(losses_[1].lines, 1U);
  EXPECT_EQ(losses_[0].problem, log + " cannot be written: File too large");
}

}  // namespace
}  // namespace tenfold::control
