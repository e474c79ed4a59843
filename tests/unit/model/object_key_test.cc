#include "model/object_key.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

const JobId kId = JobId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").value();

TEST(ObjectKey, AreAsWrittenInTheFormat) {  // docs/formats/keys.md
  EXPECT_EQ(upload_key(kId), "uploads/f/017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(result_key(kId), "results/f/017f22e2-79b0-7cc3-98c4-dc0c0c07398f.json");
  EXPECT_EQ(original_key(kId), "originals/f/017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(dead_key(kId), "dead/f/017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(thumbs_prefix(kId), "thumbs/f/017f22e2-79b0-7cc3-98c4-dc0c0c07398f/");
  EXPECT_EQ(thumb_key(kId, "big", ImageFormat::jpeg), thumbs_prefix(kId) + "big.jpg");
  EXPECT_EQ(idempotency_key("0123abc"), "idempotency/c/0123abc");
  EXPECT_EQ(shard_prefix(key_space::kDead, '0'), "dead/0/");
}

TEST(ObjectKey, LeadBackToTheirId) {
  for (const std::string& key : {upload_key(kId), result_key(kId), original_key(kId), dead_key(kId),
                                 thumb_key(kId, "t", ImageFormat::png)}) {
    EXPECT_TRUE(is_object_key(key)) << key;
    EXPECT_EQ(id_from_key(key), kId) << key;
  }
}

TEST(ObjectKey, WhatIsNotOursHasNoId) {
  const std::string id(kId);
  for (const std::string& key : std::initializer_list<std::string>{
           "", id, "uploads/" + id, "uploads/f/", "uploads/a/" + id, "uploads/ff/" + id,
           "uploads//" + id, "uploads/f/" + id.substr(1), "uploads/f/" + id + ".bak",
           "uploads/f/" + id + "0", "uploads/f/" + id + "/below", "uploads/f/" + id + ".json",
           "results/f/" + id, "thumbs/f/" + id, "thumbs/f/" + id + "/", idempotency_key("ab"),
           "uploads/f", "uploads/f/017F22E2-79B0-7CC3-98C4-DC0C0C07398F"}) {
    EXPECT_EQ(id_from_key(key), std::nullopt) << key;
  }
}

TEST(ObjectKey, TellsIdempotencyKeys) {
  const std::string digest(64, 'c');
  EXPECT_TRUE(is_idempotency_key(idempotency_key(digest)));
  for (const std::string& key :
       {std::string(), digest, "idempotency/" + digest, "idempotency/d/" + digest,
        "idempotency/c/" + digest + "c", "idempotency/c/" + digest.substr(1), "uploads/c/" + digest,
        "idempotency/g/" + digest.substr(1) + "g", upload_key(kId)}) {
    EXPECT_FALSE(is_idempotency_key(key)) << key;
  }
}

TEST(ObjectKey, TellsKeysFromPaths) {
  EXPECT_TRUE(is_object_key("a"));
  EXPECT_TRUE(is_object_key("a.b/..c/d-_"));
  EXPECT_TRUE(is_object_key(std::string(512, 'k')));
  for (const std::string& bad :
       {std::string(), std::string(513, 'k'), std::string("/"), std::string("/a"),
        std::string("a/"), std::string("a//b"), std::string("."), std::string(".."),
        std::string("a/./b"), std::string("a/.."), std::string("../a"), std::string("a b"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("a\n"), std::string("\xc3\xa9"),
        std::string("a%2f"), std::string("a:b"), std::string("~")}) {
    EXPECT_FALSE(is_object_key(bad)) << ::testing::PrintToString(bad);
  }
}

// There is no way to make a key of other text.
static_assert(!std::is_constructible_v<JobId, std::string>);
static_assert(!std::is_invocable_v<decltype(&upload_key), std::string>);

}  // namespace
}  // namespace thumbmill
