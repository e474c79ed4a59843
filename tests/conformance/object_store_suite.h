// What every ObjectStore must do: the contract of store/object_store.h as tests. An adapter's test
// file instantiates ObjectStoreSuite with a function that makes an empty store.
#pragma once

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_file.h"
#include "store/object_store.h"

namespace thumbmill {

/// A store under test with whatever it needs to live.
struct StoreUnderTest {
  std::shared_ptr<void> surroundings;  // owned together with the store, and outliving it
  std::unique_ptr<ObjectStore> store;
  std::string missing = {};  // why there is no store: its server cannot be had here
  // Puts what others may have below uploads/a/, past the store; unset where there is no way.
  std::function<void()> write_foreign = {};
};

/// What a server may lack; the rules that need it are then skipped, visibly.
namespace store_trait {
inline constexpr std::string_view kIfAbsent = "if_absent";  // puts that heed PutOptions::if_absent
inline constexpr std::string_view kByteOrder =
    "byte_order";  // listings in byte order of whole keys
inline constexpr std::string_view kWholeReads = "whole_reads";  // no get sees a put half done
inline constexpr std::string_view kPutBesideRemoval =
    "put_beside_removal";  // puts that a removal under the same directory cannot make fail
}  // namespace store_trait

struct StoreFactory {
  std::string name;
  std::function<StoreUnderTest()> make;
  std::vector<std::string_view> lacks = {};  // of store_trait
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

class ObjectStoreSuite : public ::testing::TestWithParam<StoreFactory> {
 protected:
  ObjectStoreSuite() : under_test_(GetParam().make()), store_(*under_test_.store) {}

  void SetUp() override {
    if (!under_test_.missing.empty()) GTEST_SKIP() << under_test_.missing;
  }

  bool lacks(std::string_view trait) const {
    return std::ranges::find(GetParam().lacks, trait) != GetParam().lacks.end();
  }

  std::string read(std::string_view key) {
    auto object = store_.get(key, {});
    return object.ok() ? object->body.to_string().value()
                       : std::string(code_name(object.status().code()));
  }

  std::vector<std::string> list(std::string_view prefix, std::string_view after = {},
                                std::size_t limit = 1000) {
    std::vector<std::string> keys;
    for (const ListedObject& object : store_.list(prefix, after, limit, {}).value())
      keys.push_back(object.key);
    return keys;
  }

  Status put(std::string_view key, std::string bytes, const PutOptions& options = {}) {
    return store_.put(key, Blob(std::move(bytes)), options, {});
  }

  StoreUnderTest under_test_;
  ObjectStore& store_;
};

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(ObjectStoreSuite, GivesBackWhatWasPut) {
  const PutOptions options{
      "image/heic", {{"job", R"({"v":1,"name":"a b"})"}, {"other-2", ""}}, false};
  ASSERT_TRUE(put("uploads/a/one", "bytes", options).ok());
  const Object object = store_.get("uploads/a/one", {}).value();
  EXPECT_EQ(object.body.to_string().value(), "bytes");
  EXPECT_EQ(object.info.key, "uploads/a/one");
  EXPECT_EQ(object.info.size_bytes, 5u);
  EXPECT_EQ(object.info.content_type, "image/heic");
  EXPECT_EQ(object.info.metadata, options.metadata);
  const ObjectInfo info = store_.head("uploads/a/one", {}).value();
  EXPECT_EQ(info.size_bytes, 5u);
  EXPECT_EQ(info.metadata, options.metadata);
}

TEST_P(ObjectStoreSuite, KeepsContentTypesThatTheKeyImpliesOrContradicts) {
  for (const char* type : {"application/json", "image/jpeg", "application/octet-stream", ""}) {
    for (const char* key : {"results/a/x.json", "thumbs/a/x/thumb.jpg", "plain"}) {
      ASSERT_TRUE(put(key, "{}", {type, {}, false}).ok());
      EXPECT_EQ(store_.head(key, {})->content_type, type) << key;
    }
  }
}

TEST_P(ObjectStoreSuite, TakesEmptyLargeAndSpooledBodies) {
  ASSERT_TRUE(put("empty", "").ok());
  EXPECT_EQ(read("empty"), "");
  const std::string large(20'000'000, 'x');
  ASSERT_TRUE(put("large", large).ok());
  EXPECT_EQ(read("large"), large);
  TempFile spool = TempFile::create(store_.spool_directory().empty()
                                        ? std::filesystem::temp_directory_path().string()
                                        : store_.spool_directory())
                       .value();
  ASSERT_TRUE(spool.append("spooled").ok());
  const Blob body = spool.finish();
  const PutOptions with_metadata{"image/png", {{"job", "{}"}}, false};
  ASSERT_TRUE(store_.put("spooled-1", body, with_metadata, {}).ok());
  ASSERT_TRUE(store_.put("spooled-2", body, {}, {}).ok()) << "a body can be put twice";
  ASSERT_TRUE(store_.put("spooled-3", body.slice(1, 3), {}, {}).ok());
  EXPECT_EQ(read("spooled-1"), "spooled");
  EXPECT_EQ(read("spooled-2"), "spooled");
  EXPECT_EQ(read("spooled-3"), "poo");
  EXPECT_EQ(body.to_string().value(), "spooled");
}

TEST_P(ObjectStoreSuite, ReplacesAndIsSafeToRepeat) {
  ASSERT_TRUE(put("key", "old", {"text/plain", {{"job", "1"}}, false}).ok());
  ASSERT_TRUE(put("key", "new").ok());
  ASSERT_TRUE(put("key", "new").ok());
  EXPECT_EQ(read("key"), "new");
  EXPECT_THAT(store_.head("key", {})->metadata, IsEmpty());
}

TEST_P(ObjectStoreSuite, IfAbsentRefusesWhatExists) {
  if (lacks(store_trait::kIfAbsent)) GTEST_SKIP() << "the server lacks if_absent";
  const PutOptions if_absent{"text/plain", {}, true};
  ASSERT_TRUE(put("key", "first", if_absent).ok());
  EXPECT_EQ(put("key", "second", if_absent).code(), Code::conflict);
  EXPECT_EQ(read("key"), "first");
}

TEST_P(ObjectStoreSuite, OfManyIfAbsentPutsExactlyOneWins) {
  if (lacks(store_trait::kIfAbsent)) GTEST_SKIP() << "the server lacks if_absent";
  for (int round = 0; round < 20; ++round) {
    const std::string key = "results/a/race-" + std::to_string(round);
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        const Status status = put(key, std::to_string(i), {"text/plain", {}, true});
        won += status.ok() ? 1 : 0;
        EXPECT_THAT(status.code(), ::testing::AnyOf(Code::ok, Code::conflict));
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
  }
}

TEST_P(ObjectStoreSuite, ReadersSeeOldOrNewButWhole) {
  if (lacks(store_trait::kWholeReads)) GTEST_SKIP() << "the server lacks whole_reads";
  const std::string old_bytes(100'000, 'o');
  const std::string new_bytes(150'000, 'n');
  ASSERT_TRUE(put("key", old_bytes).ok());
  std::atomic<bool> finished = false;
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(put("key", i % 2 == 0 ? new_bytes : old_bytes).ok());
    finished = true;
  });
  while (!finished) {
    const std::string seen = read("key");
    EXPECT_TRUE(seen == old_bytes || seen == new_bytes) << seen.size();
  }
  writer.join();
}

TEST_P(ObjectStoreSuite, BytesStayReadableAfterRemoval) {
  ASSERT_TRUE(put("key", "bytes").ok());
  const Object object = store_.get("key", {}).value();
  ASSERT_TRUE(store_.remove("key", {}).ok());
  EXPECT_EQ(object.body.to_string().value(), "bytes");
  EXPECT_EQ(read("key"), "not_found");
}

TEST_P(ObjectStoreSuite, AbsentObjects) {
  EXPECT_EQ(store_.get("absent", {}).status().code(), Code::not_found);
  EXPECT_EQ(store_.head("a/b/c", {}).status().code(), Code::not_found);
  EXPECT_TRUE(store_.remove("absent", {}).ok());
  EXPECT_TRUE(store_.remove("a/b/c/d", {}).ok());
  EXPECT_EQ(store_.copy("absent", "other", {}).code(), Code::not_found);
  EXPECT_THAT(list("absent/"), IsEmpty());
}

TEST_P(ObjectStoreSuite, ObjectsOfMoreBytesThanAreWantedAreNotRead) {
  ASSERT_TRUE(put("key", "four").ok());
  EXPECT_EQ(store_.get("key", 4, {}).value().body.size(), 4u);
  EXPECT_EQ(store_.get("key", 3, {}).status().code(), Code::too_large);
  EXPECT_EQ(store_.get("absent", 3, {}).status().code(), Code::not_found);
}

TEST_P(ObjectStoreSuite, CopiesBytesTypeAndMetadata) {
  ASSERT_TRUE(put("uploads/a/x", "bytes", {"image/png", {{"job", "{}"}}, false}).ok());
  ASSERT_TRUE(put("dead/a/x", "older").ok());
  ASSERT_TRUE(store_.copy("uploads/a/x", "dead/a/x", {}).ok());
  ASSERT_TRUE(store_.copy("uploads/a/x", "dead/a/x", {}).ok()) << "again";
  ASSERT_TRUE(store_.remove("uploads/a/x", {}).ok());
  const Object copy = store_.get("dead/a/x", {}).value();
  EXPECT_EQ(copy.body.to_string().value(), "bytes");
  EXPECT_EQ(copy.info.content_type, "image/png");
  EXPECT_EQ(copy.info.metadata.at("job"), "{}");
  ASSERT_TRUE(put("a.json", "{}", {"application/json", {}, false}).ok());
  ASSERT_TRUE(store_.copy("a.json", "b.jpg", {}).ok());
  EXPECT_EQ(store_.head("b.jpg", {})->content_type, "application/json");
}

TEST_P(ObjectStoreSuite, ListsInByteOrderOfWholeKeys) {
  if (lacks(store_trait::kByteOrder)) GTEST_SKIP() << "the server lacks byte_order";
  for (const char* key : {"a/b", "a.b", "a/b.c/d", "a/b/c", "a/c", "b", "a-b", "a/B"}) {
    if (std::string_view(key) == "a/b")
      continue;  // no key is also a prefix of another's components
    ASSERT_TRUE(put(key, "x").ok()) << key;
  }
  EXPECT_THAT(list(""), ElementsAre("a-b", "a.b", "a/B", "a/b.c/d", "a/b/c", "a/c", "b"));
  EXPECT_THAT(list("a/"), ElementsAre("a/B", "a/b.c/d", "a/b/c", "a/c"));
  EXPECT_THAT(list("a/b/"), ElementsAre("a/b/c"));
}

TEST_P(ObjectStoreSuite, PagesThroughEverythingOnce) {
  std::vector<std::string> keys;
  for (int i = 0; i < 57; ++i) {
    keys.push_back("thumbs/" + std::string(1, "0123456789abcdef"[i % 16]) + "/job-" +
                   std::to_string(i) + "/t.jpg");
    ASSERT_TRUE(put(keys.back(), "x").ok());
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> seen;
  for (std::string after;;) {
    const std::vector<std::string> page = list("thumbs/", after, 10);
    seen.insert(seen.end(), page.begin(), page.end());
    if (page.size() < 10) break;
    after = page.back();
  }
  EXPECT_EQ(seen, keys);
}

TEST_P(ObjectStoreSuite, ListingGoesOnAfterAnyText) {
  for (const char* key : {"a/1", "a/2", "b/1"}) ASSERT_TRUE(put(key, "x").ok());
  EXPECT_THAT(list("", "a/1"), ElementsAre("a/2", "b/1"));
  EXPECT_THAT(list("", "a/1zz"), ElementsAre("a/2", "b/1"));
  EXPECT_THAT(list("", "a/"), ElementsAre("a/1", "a/2", "b/1"));
  EXPECT_THAT(list("", "az"), ElementsAre("b/1"));
  EXPECT_THAT(list("a/", "a/2"), IsEmpty());
}

TEST_P(ObjectStoreSuite, ObjectsOfOthersAreNoTrouble) {
  if (!under_test_.write_foreign) GTEST_SKIP() << "nothing comes here but through the store";
  ASSERT_TRUE(put("uploads/a/ours", "x").ok());
  under_test_.write_foreign();
  for (const char* prefix : {"", "uploads/", "uploads/a/"}) {
    const std::vector<std::string> keys = list(prefix);
    EXPECT_THAT(keys, ::testing::Contains("uploads/a/ours"));
    EXPECT_THAT(keys, ::testing::Contains("uploads/a/hello"));
    EXPECT_TRUE(std::ranges::is_sorted(keys));
    for (const std::string& key : keys) {
      const Code code = store_.get(key, {}).status().code();
      EXPECT_TRUE(code == Code::ok || code == Code::invalid_argument || code == Code::corrupt_input)
          << key << ": " << code_name(code);
      EXPECT_EQ(list(prefix, key, 1).empty(), key == keys.back()) << "one can go on after " << key;
    }
  }
  EXPECT_TRUE(store_.check({}).ok());
  ASSERT_TRUE(store_.remove("uploads/a/ours", {}).ok());
  EXPECT_EQ(read("uploads/a/hello"), "hello") << "what is not ours stays";
}

TEST_P(ObjectStoreSuite, RefusesWhatIsNoKeyNoPrefixNoMetadata) {
  for (const char* bad : {"", "/a", "a/", "a//b", "a/../b", ".", "a b", "a\nb", "\xc3\xa4"}) {
    EXPECT_EQ(put(bad, "x").code(), Code::invalid_argument) << bad;
    EXPECT_EQ(store_.get(bad, {}).status().code(), Code::invalid_argument) << bad;
  }
  EXPECT_EQ(store_.list("a", {}, 10, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(store_.list("a/", {}, 0, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(put("a", "x", {"t", {{"job", std::string(2050, 'x')}}, false}).code(),
            Code::invalid_argument);
  EXPECT_EQ(put("a", "x", {"t", {{"job", "line\nbreak"}}, false}).code(), Code::invalid_argument);
  EXPECT_EQ(put("a", "x", {"t\n", {}, false}).code(), Code::invalid_argument);
  EXPECT_TRUE(put("a", "x", {"t", {{"job", std::string(2045, 'x')}}, false}).ok());
}

TEST_P(ObjectStoreSuite, RemovalsAndPutsUnderOneDirectoryDoNotDisturbEachOther) {
  if (lacks(store_trait::kPutBesideRemoval)) GTEST_SKIP() << "the server lacks put_beside_removal";
  std::thread remover([&] {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(store_.remove("thumbs/a/job/one.jpg", {}).ok());
  });
  for (int i = 0; i < 200; ++i)
    EXPECT_TRUE(put("thumbs/a/job/one.jpg", "x", {"image/jpeg", {}, false}).ok());
  remover.join();
  ASSERT_TRUE(put("thumbs/a/job/one.jpg", "x").ok());
  EXPECT_EQ(read("thumbs/a/job/one.jpg"), "x");
}

TEST_P(ObjectStoreSuite, HeedsStopAndDeadline) {
  std::stop_source stop;
  stop.request_stop();
  const OpContext stopped{.stop = stop.get_token()};
  EXPECT_EQ(store_.put("a", Blob(), {}, stopped).code(), Code::cancelled);
  EXPECT_EQ(store_.get("a", stopped).status().code(), Code::cancelled);
  const OpContext late{.deadline = SteadyTime::min()};
  EXPECT_EQ(store_.put("a", Blob(), {}, late).code(), Code::deadline_exceeded);
  EXPECT_EQ(store_.list("", {}, 10, late).status().code(), Code::deadline_exceeded);
  EXPECT_EQ(read("a"), "not_found");
}

TEST_P(ObjectStoreSuite, IsUsable) {
  if (lacks(store_trait::kIfAbsent)) GTEST_SKIP() << "the server lacks if_absent";
  const Status check = store_.check({});
  EXPECT_TRUE(check.ok()) << check.to_string();
}

}  // namespace thumbmill
