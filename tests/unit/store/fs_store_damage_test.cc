// What others do to a store's directory while it is in use, and how much it can hold.
#include <algorithm>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temp_file.h"
#include "store/fs/fs_store.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FsStoreDamageTest : public ::testing::Test {
 protected:
  Status put(std::string_view key, std::string bytes, const PutOptions& options = {}) {
    return store_->put(key, Blob(std::move(bytes)), options, {});
  }

  std::string read(std::string_view key) {
    const auto object = store_->get(key, {});
    return object.ok() ? object->body.to_string().value()
                       : std::string(code_name(object.status().code()));
  }

  std::vector<std::string> list(std::string_view prefix, std::string_view after = {}) {
    std::vector<std::string> keys;
    for (const ListedObject& object : store_->list(prefix, after, 1000, {}).value())
      keys.push_back(object.key);
    return keys;
  }

  Blob spooled(std::string_view bytes) {
    TempFile spool = TempFile::create(store_->spool_directory()).value();
    EXPECT_TRUE(spool.append(bytes).ok());
    return spool.finish();
  }

  std::string path(std::string_view key) const {
    return directory_.path() + "/" + std::string(key);
  }

  TempDirectory directory_;
  SystemClock clock_;
  std::unique_ptr<FsStore> store_ = FsStore::open(directory_.path(), clock_).value();
};

// A file can be given a name only while it never had one (open(2), O_TMPFILE).
TEST_F(FsStoreDamageTest, AnUploadCanBePutAgainAfterItsRemoval) {
  const Blob body = spooled("upload");
  const PutOptions options{"image/png", {{"job", "{}"}}, false};
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(store_->put("uploads/a/x", body, options, {}).ok()) << round;
    EXPECT_EQ(read("uploads/a/x"), "upload");
    ASSERT_TRUE(store_->remove("uploads/a/x", {}).ok());
  }
}

TEST_F(FsStoreDamageTest, DirectoriesRemovedByHandAreMadeAgain) {
  for (const char* key : {"uploads/a/x", "thumbs/a/x/t.jpg"}) {
    ASSERT_TRUE(put(key, "old").ok());
    std::filesystem::remove_all(path(std::string_view(key).substr(0, 8)));
    std::filesystem::remove_all(path("thumbs"));
    EXPECT_EQ(read(key), "not_found");
    EXPECT_TRUE(put(key, "new").ok()) << key;
    EXPECT_EQ(read(key), "new");
  }
}

TEST_F(FsStoreDamageTest, AWriteThatFindsNoPlaceIsNeverNotFound) {
  ASSERT_TRUE(put("a/file", "x").ok());
  EXPECT_EQ(put("a/file/below", "y").code(), Code::unavailable);
  EXPECT_EQ(store_->copy("a/file", "a/file/below", {}).code(), Code::unavailable);
  std::filesystem::remove_all(directory_.path() + "/tmp");
  EXPECT_EQ(put("a/other", "y").code(), Code::unavailable);
  EXPECT_EQ(store_->check({}).code(), Code::unavailable);
  EXPECT_EQ(read("a/file"), "x");
}

TEST_F(FsStoreDamageTest, ItsOwnFilesAreNoObjects) {
  for (const char* key : {".thumbmill-store", "tmp/x", "tmp", "queue/queue.db", ".hidden/x"}) {
    EXPECT_EQ(put(key, "x").code(), Code::invalid_argument) << key;
    EXPECT_EQ(store_->remove(key, {}).code(), Code::invalid_argument) << key;
    EXPECT_EQ(store_->get(key, {}).status().code(), Code::invalid_argument) << key;
  }
  EXPECT_THAT(list(""), IsEmpty());
}

TEST_F(FsStoreDamageTest, ListsObjectsOnly) {
  ASSERT_TRUE(put("a/b", "x").ok());
  std::filesystem::create_symlink("/etc/passwd", path("a/link"));
  std::ofstream(path("a/name with spaces")) << "x";
  std::filesystem::create_directory(path("a/empty"));
  std::filesystem::create_directory(path("a/with spaces"));
  std::ofstream(path("a/with spaces/below")) << "x";
  ASSERT_EQ(::mkfifo(path("a/pipe").c_str(), 0644), 0);
  EXPECT_THAT(list(""), ElementsAre("a/b", "a/name with spaces"));
  EXPECT_THAT(list("a/b/"), IsEmpty()) << "a file is no directory";
  EXPECT_EQ(read("a/pipe"), "not_found") << "nor is it waited for";
  EXPECT_EQ(read("a/link"), "not_found") << "nor followed";
  EXPECT_EQ(store_->copy("a/pipe", "a/c", {}).code(), Code::not_found);
}

TEST_F(FsStoreDamageTest, OpenSaysUnavailableForWhatItCannotUse) {
  std::ofstream(path("file")) << "x";
  EXPECT_EQ(FsStore::open(path("file"), clock_).status().code(), Code::unavailable);
  EXPECT_EQ(FsStore::open("/proc/store", clock_).status().code(), Code::unavailable);
}

TEST_F(FsStoreDamageTest, ACopyOfWhatIsBeingRemovedIsWholeOrNotFound) {
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(put("uploads/a/x", "bytes").ok());
    std::thread remover([&] { EXPECT_TRUE(store_->remove("uploads/a/x", {}).ok()); });
    const Status copied = store_->copy("uploads/a/x", "dead/a/x", {});
    remover.join();
    ASSERT_THAT(copied.code(), ::testing::AnyOf(Code::ok, Code::not_found));
    ASSERT_EQ(read("dead/a/x"), copied.ok() ? "bytes" : "not_found");
    ASSERT_TRUE(store_->remove("dead/a/x", {}).ok());
  }
}

// Kills a child after each step of the first put of a spooled upload: it is there whole or not at
// all, and nothing else is left.
TEST_F(FsStoreDamageTest, KilledAfterEachStepOfAnUploadLeavesAllOrNothing) {
  for (const FsPutStep last :
       {FsPutStep::written, FsPutStep::synced, FsPutStep::named, FsPutStep::durable}) {
    const pid_t child = ::fork();
    if (child == 0) {
      store_->set_step_hook([&](FsPutStep step) {
        if (step == last) ::_exit(0);
      });
      (void)store_->put("uploads/a/x", spooled("upload"), {"image/png", {{"job", "{}"}}, true}, {});
      ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the step was reached";
    const bool there = last == FsPutStep::named || last == FsPutStep::durable;
    EXPECT_EQ(read("uploads/a/x"), there ? "upload" : "not_found");
    EXPECT_EQ(list("").size(), there ? 1u : 0u);
    EXPECT_TRUE(std::filesystem::is_empty(store_->spool_directory()));
    ASSERT_TRUE(store_->remove("uploads/a/x", {}).ok());
  }
}

// No inode left: neither a file nor a directory can be made.
TEST_F(FsStoreDamageTest, OutOfInodesIsExhaustedAndRecovers) {
  const TempDirectory mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=1m,nr_inodes=28") != 0) {
    GTEST_SKIP() << "mounting a small file system needs root";
  }
  {
    const auto small = FsStore::open(mount_point.path(), clock_).value();
    std::vector<std::string> kept;
    Status last;
    for (int i = 0; i < 20 && last.ok(); ++i) {
      const std::string key = fmt::format("uploads/{:x}/x", i);
      last = small->put(key, Blob(std::string("x")), {}, {});
      if (last.ok()) kept.push_back(key);
    }
    EXPECT_EQ(last.code(), Code::exhausted);
    ASSERT_FALSE(kept.empty());
    EXPECT_EQ(small->list("", {}, 1000, {})->size(), kept.size()) << "nothing was left behind";
    ASSERT_TRUE(small->remove(kept[0], {}).ok());
    EXPECT_TRUE(small->put(kept[0], Blob(std::string("again")), {}, {}).ok());
  }
  ::umount(mount_point.path().c_str());
}

// Files made by hand: what is tested is the listing.
TEST_F(FsStoreDamageTest, PagesThroughAHundredThousandObjectsInOrder) {
  constexpr std::size_t kObjects = 100'000;
  std::vector<std::string> keys;
  keys.reserve(kObjects);
  for (std::size_t i = 0; i < kObjects; ++i) {
    const char shard = "0123456789abcdef"[i % 16];
    if (i < 16) std::filesystem::create_directories(path(fmt::format("uploads/{}", shard)));
    keys.push_back(fmt::format("uploads/{}/{:08x}", shard, i * 2'654'435'761u % 4'294'967'296u));
    const UniqueFd file(::open(path(keys.back()).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    ASSERT_TRUE(file.valid());
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> seen;
  seen.reserve(kObjects);
  for (std::string after;;) {
    const std::vector<std::string> page = list("", after);
    seen.insert(seen.end(), page.begin(), page.end());
    if (page.size() < 1000) break;
    after = page.back();
  }
  EXPECT_EQ(seen.size(), kObjects);
  EXPECT_TRUE(seen == keys);
}

}  // namespace
}  // namespace thumbmill
