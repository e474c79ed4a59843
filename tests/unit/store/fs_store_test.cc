#include "store/fs/fs_store.h"

#include <fstream>
#include <map>
#include <set>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/temp_file.h"
#include "store/fs/object_file.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

class FsStoreTest : public ::testing::Test {
 protected:
  Status put(std::string_view key, std::string bytes, const PutOptions& options = {}) {
    return store_->put(key, Blob(std::move(bytes)), options, {});
  }

  TempDirectory directory_;
  SystemClock clock_;
  std::unique_ptr<FsStore> store_ = FsStore::open(directory_.path(), clock_).value();
};

TEST_F(FsStoreTest, RenditionsAreOrdinaryFiles) {
  ASSERT_TRUE(put("thumbs/a/x/thumb.jpg", "jpeg", {"image/jpeg", {}, false}).ok());
  EXPECT_EQ(std::filesystem::file_size(directory_.path() + "/thumbs/a/x/thumb.jpg"), 4u);
}

TEST_F(FsStoreTest, AnUploadSpooledHereIsNotCopied) {
  TempFile spool = TempFile::create(store_->spool_directory()).value();
  ASSERT_TRUE(spool.append("upload").ok());
  const Blob body = spool.finish();
  struct stat before {
  }, after{};
  ASSERT_EQ(::fstat(body.fd(), &before), 0);
  ASSERT_TRUE(store_->put("uploads/a/x", body, {"image/png", {{"job", "{}"}}, false}, {}).ok());
  ASSERT_EQ(::stat((directory_.path() + "/uploads/a/x").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

// The rights of everything below a directory, by path.
std::map<std::string, mode_t> rights_below(const std::string& root) {
  std::map<std::string, mode_t> rights;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    struct stat info {};
    EXPECT_EQ(::stat(entry.path().c_str(), &info), 0);
    rights[entry.path().lexically_relative(root)] = info.st_mode & 0777;
  }
  return rights;
}

// An upload, a copied object and a result, in a store of its own.
std::map<std::string, mode_t> rights_of_a_used_store(const std::string& root, const Clock& clock) {
  const auto store = FsStore::open(root, clock).value();
  TempFile spool = TempFile::create(store->spool_directory()).value();
  EXPECT_TRUE(spool.append("upload").ok());
  EXPECT_TRUE(store->put("uploads/a/x", spool.finish(), {"image/png", {}, false}, {}).ok());
  EXPECT_TRUE(store->put("results/a/x.json", Blob(std::string("{}")), {}, {}).ok());
  EXPECT_TRUE(store->copy("uploads/a/x", "dead/a/x", {}).ok());
  return rights_below(root);
}

TEST_F(FsStoreTest, WhatItMakesIsForNobodyElse) {
  const mode_t before = ::umask(0);
  const std::string parent = directory_.path() + "/new";
  const auto rights = rights_of_a_used_store(parent + "/store/", clock_);
  ::umask(before);
  EXPECT_GT(rights.size(), 20U);
  for (const auto& [path, mode] : rights) {
    EXPECT_EQ(mode, std::filesystem::is_directory(parent + "/store/" + path) ? 0700U : 0600U)
        << path;
  }
  for (const auto& [path, mode] : rights_below(parent)) EXPECT_EQ(mode & 077, 0U) << path;
}

TEST_F(FsStoreTest, WhoMayEnterTheDirectoryMayReadWhatIsStoredLater) {
  const std::string root = directory_.path() + "/shared";
  ASSERT_EQ(::mkdir(root.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(root.c_str(), 02750), 0);
  const auto rights = rights_of_a_used_store(root, clock_);
  for (const auto& [path, mode] : rights) {
    EXPECT_EQ(mode, std::filesystem::is_directory(root + "/" + path) ? 0750U : 0640U) << path;
  }
}

TEST_F(FsStoreTest, ContentCannotPassForATrailer) {
  const std::string forged =
      make_trailer("x", {"text/html", {{"job", "forged"}}}, Blob(std::string("<script>"))).value();
  ASSERT_FALSE(forged.empty());
  const std::string hostile = "<script>" + forged;
  ASSERT_TRUE(put("thumbs/a/x/thumb.jpg", hostile, {"image/jpeg", {}, false}).ok());
  const Object object = store_->get("thumbs/a/x/thumb.jpg", {}).value();
  EXPECT_EQ(object.info.content_type, "image/jpeg");
  EXPECT_TRUE(object.info.metadata.empty());
  EXPECT_EQ(object.body.to_string().value(), hostile);
}

TEST_F(FsStoreTest, DamagedTrailersAreFound) {
  ASSERT_TRUE(put("uploads/a/x", "bytes", {"image/png", {{"job", "{}"}}, false}).ok());
  const std::string path = directory_.path() + "/uploads/a/x";
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::pwrite(file.get(), "#", 1, 8), 1);
  EXPECT_EQ(store_->get("uploads/a/x", {}).status().code(), Code::corrupt_input);
}

TEST_F(FsStoreTest, AMissingRootIsUnavailableAndNeverMadeAgain) {
  ASSERT_TRUE(put("uploads/a/x", "bytes").ok());
  const std::string aside = directory_.path() + ".aside";
  std::filesystem::rename(directory_.path(), aside);
  EXPECT_EQ(put("uploads/a/y", "bytes").code(), Code::unavailable);
  EXPECT_EQ(store_->get("uploads/a/x", {}).status().code(), Code::unavailable);
  EXPECT_EQ(store_->remove("uploads/a/x", {}).code(), Code::unavailable);
  EXPECT_EQ(store_->list("uploads/", {}, 10, {}).status().code(), Code::unavailable);
  EXPECT_EQ(store_->check({}).code(), Code::unavailable);
  EXPECT_THAT(store_->check({}).detail(), ::testing::HasSubstr(directory_.path()));
  // An empty mount point in its place is not the store either.
  std::filesystem::create_directory(directory_.path());
  EXPECT_EQ(put("uploads/a/y", "bytes").code(), Code::unavailable);
  EXPECT_EQ(store_->get("uploads/a/x", {}).status().code(), Code::unavailable);
  std::filesystem::remove(directory_.path());
  std::ofstream(directory_.path()) << "no directory";
  EXPECT_THAT(store_->check({}).detail(), ::testing::HasSubstr("Not a directory"));
  std::filesystem::remove(directory_.path());
  std::filesystem::rename(aside, directory_.path());
  EXPECT_TRUE(put("uploads/a/y", "bytes").ok());
  EXPECT_EQ(store_->get("uploads/a/x", {})->body.to_string().value(), "bytes");
}

TEST_F(FsStoreTest, OpenNamesWhatItCannotUse) {
  const std::string file = directory_.path() + "/file";
  std::ofstream(file) << "x";
  const auto opened = FsStore::open(file, clock_);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.status().message(), ::testing::HasSubstr(file));
}

// Of one directory alone, ext4 passes over what was freed of late for every new file.
TEST_F(FsStoreTest, SpoolsInSeveralDirectoriesInTurn) {
  std::set<std::string> directories;
  for (int i = 0; i < 100; ++i) directories.insert(store_->spool_directory());
  EXPECT_EQ(directories.size(), 16u);
  for (const std::string& directory : directories) {
    EXPECT_TRUE(std::filesystem::is_directory(directory)) << directory;
  }
}

TEST_F(FsStoreTest, RemovesOldLeftoversOnly) {
  std::ofstream(directory_.path() + "/tmp/0123") << "left by a crash";
  EXPECT_EQ(store_->remove_unfinished(clock_.wall_now() - std::chrono::hours(1), {}).value(), 0u);
  EXPECT_EQ(store_->remove_unfinished(clock_.wall_now() + std::chrono::hours(1), {}).value(), 1u);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/tmp/0123"));
}

// Kills a child after each step of replacing an object: what is read afterwards is old or new,
// whole.
TEST_F(FsStoreTest, KilledAfterEachStepLeavesOldOrNew) {
  for (const FsPutStep last :
       {FsPutStep::written, FsPutStep::synced, FsPutStep::named, FsPutStep::durable}) {
    ASSERT_TRUE(put("uploads/a/x", "old", {"image/png", {{"job", "old"}}, false}).ok());
    const pid_t child = ::fork();
    if (child == 0) {
      store_->set_step_hook([&](FsPutStep step) {
        if (step == last) ::_exit(0);
      });
      (void)put("uploads/a/x", "new!", {"image/png", {{"job", "new"}}, false});
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the step was reached";
    const Object object = store_->get("uploads/a/x", {}).value();
    const bool is_new = last == FsPutStep::named || last == FsPutStep::durable;
    EXPECT_EQ(object.body.to_string().value(), is_new ? "new!" : "old");
    EXPECT_EQ(object.info.metadata.at("job"), is_new ? "new" : "old");
    EXPECT_EQ(store_->list("uploads/", {}, 10, {})->size(), 1u);
  }
}

// A file system of 1 MiB, mounted for the test.
TEST_F(FsStoreTest, AFullDiskIsExhaustedLeavesNothingAndRecovers) {
  const TempDirectory mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  {
    const auto small = FsStore::open(mount_point.path(), clock_).value();
    ASSERT_TRUE(small->put("kept", Blob(std::string(300'000, 'k')), {}, {}).ok());
    EXPECT_EQ(small->put("big", Blob(std::string(2'000'000, 'b')), {}, {}).code(), Code::exhausted);
    EXPECT_EQ(small->get("big", {}).status().code(), Code::not_found);
    ASSERT_TRUE(small->put("next", Blob(std::string(300'000, 'n')), {}, {}).ok())
        << "nothing was left behind";
    EXPECT_EQ(small->get("kept", {})->body.size(), 300'000u);
  }
  ::umount(mount_point.path().c_str());
}

TEST_F(FsStoreTest, AReadOnlyDiskIsUnavailable) {
  const TempDirectory mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  {
    const auto small = FsStore::open(mount_point.path(), clock_).value();
    ASSERT_TRUE(small->put("kept", Blob(std::string("k")), {}, {}).ok());
    ASSERT_EQ(
        ::mount(nullptr, mount_point.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    EXPECT_EQ(small->put("new", Blob(std::string("n")), {}, {}).code(), Code::unavailable);
    EXPECT_EQ(small->check({}).code(), Code::unavailable);
    EXPECT_EQ(small->get("kept", {})->body.to_string().value(), "k");
    ASSERT_EQ(::mount(nullptr, mount_point.path().c_str(), nullptr, MS_REMOUNT, nullptr), 0);
    EXPECT_TRUE(small->put("new", Blob(std::string("n")), {}, {}).ok());
  }
  ::umount(mount_point.path().c_str());
}

}  // namespace
}  // namespace thumbmill
