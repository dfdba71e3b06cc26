// SPDX-License-Identifier: Apache-2.0
#include "control/file_text.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace tenfold::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesMost = 1024;

// A folder of its own for each test, and files in it.
class FileText : public testing::Test {
 protected:
  FileText() : folder_(fs::path(testing::TempDir()) / "file_text_XXXXXX") {
    std::string name = folder_;
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~FileText() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  std::string make(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(path(name)) << text;
    chmod(path(name).c_str(), mode);
    return path(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) all.push_back(entry.path().filename());
    std::ranges::sort(all);
    return all;
  }
  static mode_t mode_of(const std::string& file) {
    struct stat info{};
    stat(file.c_str(), &info);
    return info.st_mode & 07777;
  }

  fs::path folder_;
};

TEST_F(FileText, AReplacedFileKeepsItsModeWhateverTheUmaskIs) {
  for (const mode_t mask : {0022, 0077}) {
    const mode_t before = umask(mask);
    for (const mode_t mode : {0600, 0640, 0664, 0666}) {
      const std::string file = make("t.toml", "old", mode);
      EXPECT_TRUE(replace_file(file, "new"));
      EXPECT_EQ(mode_of(file), mode);
      EXPECT_EQ(read_file(file, kBytesMost), "new");
    }
    umask(before);
  }
  EXPECT_EQ(names(), std::vector<std::string>{"t.toml"});
}

TEST_F(FileText, AFileBesideItIsNotTouched) {
  const std::string file = make("t.toml", "old", 0600);
  const std::string draft = make("t.toml.new", "three hours of work");
  EXPECT_TRUE(replace_file(file, "new"));
  EXPECT_EQ(read_file(draft, kBytesMost), "three hours of work");
  EXPECT_EQ(mode_of(file), 0600U);
}

TEST_F(FileText, ASymbolicLinkStaysOne) {
  const std::string file = make("real.toml", "old");
  fs::create_symlink("real.toml", path("link.toml"));
  EXPECT_TRUE(replace_file(path("link.toml"), "new"));
  EXPECT_TRUE(fs::is_symlink(path("link.toml")));
  EXPECT_EQ(read_file(file, kBytesMost), "new");
  EXPECT_FALSE(read_file(file, 2)) << "it is larger than that";
}

TEST_F(FileText, WhatCannotBeReplacedLeavesNothingBehind) {
  fs::create_directory(path("t.toml"));  // a file is never renamed over a folder
  const auto replaced = replace_file(path("t.toml"), "new");
  ASSERT_FALSE(replaced);
  EXPECT_NE(replaced.error().find("t.toml"), std::string::npos);
  EXPECT_EQ(names(), std::vector<std::string>{"t.toml"});
  EXPECT_FALSE(replace_file(path("missing.toml"), "new"));
  EXPECT_EQ(names(), std::vector<std::string>{"t.toml"});
}

}  // namespace
}  // namespace tenfold::control
