// SPDX-License-Identifier: Apache-2.0
#include "control/state_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/native/open_io.h"

namespace tenfold::control {
namespace {

namespace fs = std::filesystem;

std::vector<RingRecord> records(const std::string& service) {
  RingRecord record;
  record.service = service;
  record.to.key_hash = "one_at_a_time";
  record.to.nodes.push_back(
      {.address = Address::ipv4({10, 1, 0, 1}, 11'211), .zone = {}, .public_url = {}, .ring_name = {}});
  record.to.usable = {true};
  return {record};
}

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() : folder_(testing::TempDir() + "state_file_XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) folder_.clear();
    file_.emplace(*opened_->io, path(), [this](std::string_view problem) { told_.emplace_back(problem); });
  }
  ~StateFileTest() override {
    file_.reset();
    fs::remove_all(folder_);
  }

  std::string path() const { return folder_ + "/tenfold.toml.state"; }
  void wait_for_it() { opened_->io->run(file_->kept()); }
  std::string service_in_file() {
    StateFile other(*opened_->io, path(), [](std::string_view) {});
    const auto read = other.load();
    return !read ? read.error() : read->empty() ? "" : read->front().service;
  }
  // Until something more has been told.
  void wait_until_told() {
    const std::size_t before = told_.size();
    opened_->io->run(
        [](runtime::Io& io, const std::vector<std::string>& told, std::size_t many) -> runtime::Task<void> {
          while (told.size() == many) static_cast<void>(co_await io.sleep_for(std::chrono::milliseconds(1)));
        }(*opened_->io, told_, before));
  }

  std::string folder_;
  std::expected<runtime::native::OpenedIo, Error> opened_ = runtime::native::open_io(runtime::native::BackEnd::kEpoll);
  std::vector<std::string> told_;
  std::optional<StateFile> file_;
};

TEST_F(StateFileTest, KeepsTheLast) {
  file_->open();
  for (const char* service : {"cache.a", "cache.b", "cache.c"}) file_->keep(records(service));
  wait_for_it();
  EXPECT_EQ(service_in_file(), "cache.c");
  EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  file_->keep({});
  wait_for_it();
  EXPECT_FALSE(fs::exists(path())) << "without rings there is none";
  EXPECT_TRUE(told_.empty());
}

TEST_F(StateFileTest, WritesAtItsEndWhatIsToBeWritten) {
  file_->keep(records("cache.a"));
  file_->open();
  file_.reset();
  StateFile other(*opened_->io, path(), [](std::string_view) {});
  EXPECT_EQ(other.load()->front().service, "cache.a");
}

TEST_F(StateFileTest, NobodyWaitsLongForADisk) {
  file_->keep(records("cache.a"));
  wait_for_it();  // not open yet, as one that hangs
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0], path() + " cannot be written: the disk does not answer");
  EXPECT_EQ(file_->problem(), told_[0]);
  file_->keep(records("cache.b"));
  wait_for_it();  // once is enough
  file_->open();
  wait_until_told();
  EXPECT_EQ(told_.back(), "");
  EXPECT_EQ(service_in_file(), "cache.b");
}

TEST_F(StateFileTest, TellsWhatIsWrongAndLeavesNothingOutdated) {
  file_->open();
  file_->keep(records("cache.a"));
  wait_for_it();
  fs::remove(path());
  fs::create_directory(path());
  file_->keep(records("cache.b"));
  wait_for_it();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_NE(told_[0].find("Is a directory"), std::string::npos) << told_[0];
  fs::remove(path());
  file_->keep(records("cache.c"));
  wait_for_it();
  EXPECT_EQ(file_->problem(), "");
  EXPECT_EQ(service_in_file(), "cache.c");
}

TEST_F(StateFileTest, IsASuccessorsOnceItIsHandedOver) {
  file_->open();
  file_->keep(records("cache.a"));
  wait_for_it();
  file_->hand_over();
  file_->keep(records("cache.b"));
  wait_for_it();
  EXPECT_EQ(service_in_file(), "cache.a");
}

TEST(StatePath, IsBesideTheTopologyFileUnlessItIsNamed) {
  cluster::RunSettings settings;
  unsetenv("STATE_DIRECTORY");
  EXPECT_EQ(state_path(settings, "etc/shop.toml"), "etc/shop.toml.state");
  setenv("STATE_DIRECTORY", "/var/lib/tenfold:/var/lib/other", 1);
  EXPECT_EQ(state_path(settings, "etc/shop.toml"), "/var/lib/tenfold/shop.toml.state");
  EXPECT_EQ(state_path(settings, "shop.toml"), "/var/lib/tenfold/shop.toml.state");
  unsetenv("STATE_DIRECTORY");
  settings.state_file = "";
  EXPECT_EQ(state_path(settings, "shop.toml"), "");
}

}  // namespace
}  // namespace tenfold::control
