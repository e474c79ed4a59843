// S3Store against a stand-in for S3 that fails as S3 can: what the conformance suite, on servers
// that work, does not see.
#include "store/s3/s3_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "s3_stand_in.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Received = StandInServer::Received;

HttpResponse error(int status, const std::string& code) {
  return StandInServer::text(status, "<Error><Code>" + code + "</Code></Error>");
}

HttpResponse object(std::string bytes) {
  HttpResponse response = StandInServer::text(200, std::move(bytes));
  response.fields.add("Last-Modified", "Wed, 28 Oct 2009 22:32:00 GMT");
  response.fields.add("Content-Type", "image/png");
  return response;
}

class S3StoreTest : public ::testing::Test {
 protected:
  S3Store& store(S3Options options = {}) {
    options.bucket = "bucket";
    options.prefix = "p";
    options.endpoint = server_.url();
    options.region = "eu-west-1";
    options.environment = environment_of(variables_);
    store_ = S3Store::open(std::move(options), clock_, random_, metrics_, log_).value();
    return *store_;
  }
  std::string seen(std::size_t request, std::string_view field) const {
    return server_.received().at(request).field(field);
  }

  const std::map<std::string, std::string> variables_{{"AWS_ACCESS_KEY_ID", "id"},
                                                      {"AWS_SECRET_ACCESS_KEY", "key"}};
  std::function<HttpResponse(const Received&)> answer_ = [](const Received&) {
    return HttpResponse();
  };
  SystemClock clock_;
  Random random_{2};
  NoMetrics metrics_;
  NoLogger log_;
  StandInServer server_{[this](const Received& received) { return answer_(received); }};
  std::unique_ptr<S3Store> store_;
};

TEST_F(S3StoreTest, PutsSayWhatTheyHold) {
  ASSERT_TRUE(store()
                  .put("a/b", Blob(std::string("bytes")), {"image/png", {{"job", "{}"}}, false}, {})
                  .ok());
  const Received put = server_.received().at(0);
  EXPECT_EQ(put.head.method, "PUT");
  EXPECT_EQ(put.head.path, "/bucket/p/a/b");
  EXPECT_EQ(put.body, "bytes");
  EXPECT_EQ(put.field("content-type"), "image/png");
  EXPECT_EQ(put.field("x-amz-meta-job"), "{}");
  EXPECT_EQ(put.field("x-amz-content-sha256"), to_hex(sha256("bytes")));
  EXPECT_EQ(put.field("x-amz-checksum-sha256"), to_base64(sha256("bytes")));
  EXPECT_EQ(put.field("if-none-match"), "none");
  EXPECT_EQ(put.field("x-amz-server-side-encryption"), "none");
}

TEST_F(S3StoreTest, EncryptionIsAskedForOnPutsAndCopies) {
  S3Store& kms = store({.encryption = S3Encryption::sse_kms, .kms_key_id = "alias/mine"});
  ASSERT_TRUE(kms.put("a", Blob(), {}, {}).ok());
  answer_ = [](const Received&) { return StandInServer::text(200, "<CopyObjectResult/>"); };
  ASSERT_TRUE(kms.copy("a", "b", {}).ok());
  for (const std::size_t request : {0u, 1u}) {
    EXPECT_EQ(seen(request, "x-amz-server-side-encryption"), "aws:kms");
    EXPECT_EQ(seen(request, "x-amz-server-side-encryption-aws-kms-key-id"), "alias/mine");
  }
  EXPECT_EQ(seen(1, "x-amz-copy-source"), "/bucket/p/a");
  ASSERT_TRUE(store({.encryption = S3Encryption::sse_s3}).put("a", Blob(), {}, {}).ok());
  EXPECT_EQ(seen(2, "x-amz-server-side-encryption"), "AES256");
}

// The first attempt's object is there, its answer is not: the second meets it.
TEST_F(S3StoreTest, AConditionalPutKnowsItsOwnObject) {
  std::string stored;
  answer_ = [&](const Received& received) {
    if (received.head.method == "HEAD") {
      HttpResponse response = object("bytes");
      response.fields.add("x-amz-meta-thumbmill-put", stored);
      return response;
    }
    if (!stored.empty()) return error(412, "PreconditionFailed");
    stored = received.field("x-amz-meta-thumbmill-put");
    return error(500, "InternalError");
  };
  const PutOptions if_absent{.if_absent = true};
  EXPECT_TRUE(store().put("a", Blob(std::string("bytes")), if_absent, {}).ok());
  EXPECT_EQ(server_.received().size(), 3u);
  EXPECT_EQ(seen(0, "if-none-match"), "*");
  EXPECT_EQ(store_->put("a", Blob(std::string("bytes")), if_absent, {}).code(), Code::conflict)
      << "a put of its own, though of the same bytes";
}

TEST_F(S3StoreTest, AConditionalPutThatFailedAndLostIsAConflict) {
  int puts = 0;
  answer_ = [&](const Received& received) {
    if (received.head.method == "HEAD") return object("another's");
    return ++puts == 1 ? error(503, "ServiceUnavailable") : error(412, "PreconditionFailed");
  };
  EXPECT_EQ(store().put("a", Blob(), {.if_absent = true}, {}).code(), Code::conflict);
}

TEST_F(S3StoreTest, ConditionalPutsThatCollideAreRepeated) {
  int puts = 0;
  answer_ = [&](const Received&) {
    return ++puts == 1 ? error(409, "ConditionalRequestConflict") : HttpResponse();
  };
  EXPECT_TRUE(store().put("a", Blob(), {.if_absent = true}, {}).ok());
  EXPECT_EQ(puts, 2);
}

TEST_F(S3StoreTest, ObjectsAreCheckedAgainstTheirChecksum) {
  std::string checksum = to_base64(sha256("bytes"));
  answer_ = [&](const Received& received) {
    EXPECT_EQ(received.field("x-amz-checksum-mode"), "ENABLED");
    HttpResponse response = object("bytes");
    response.fields.add("x-amz-checksum-sha256", checksum);
    return response;
  };
  EXPECT_EQ(store().get("a", {})->body.to_string().value(), "bytes");
  checksum = to_base64(sha256("bytes as they were"));
  EXPECT_EQ(store_->get("a", {}).status().code(), Code::unavailable);
  checksum = to_base64(sha256("parts")) + "-2";
  EXPECT_TRUE(store_->get("a", {}).ok()) << "of another's multipart upload: of the parts' sums";
}

TEST_F(S3StoreTest, CopiesFailInASuccess) {
  int copies = 0;
  answer_ = [&](const Received&) {
    return ++copies < 3 ? error(200, "InternalError")
                        : StandInServer::text(200, "<CopyObjectResult/>");
  };
  EXPECT_TRUE(store().copy("a", "b", {}).ok());
  copies = -10;
  EXPECT_EQ(store_->copy("a", "b", {}).code(), Code::unavailable);
}

TEST_F(S3StoreTest, CopyingToItselfOnlyLooks) {
  answer_ = [&](const Received& received) {
    EXPECT_EQ(received.head.method, "HEAD");
    return received.head.path.ends_with("/there") ? object("") : StandInServer::text(404, "");
  };
  EXPECT_TRUE(store().copy("there", "there", {}).ok());
  EXPECT_EQ(store_->copy("gone", "gone", {}).code(), Code::not_found);
}

TEST_F(S3StoreTest, RemovingFromABucketThatIsGoneIsNoSuccess) {
  answer_ = [](const Received&) { return error(404, "NoSuchBucket"); };
  EXPECT_EQ(store().remove("a", {}).code(), Code::unavailable);
  answer_ = [](const Received&) { return error(404, "NoSuchKey"); };
  EXPECT_TRUE(store_->remove("a", {}).ok());
}

// What the store keeps for itself fills pages, and must not pass for the end of the listing.
TEST_F(S3StoreTest, ListingsPassOverItsOwnObjectsAndShowAllOthers) {
  answer_ = [](const Received& received) {
    const auto row = [](const std::string& key) {
      return "<Contents><Key>" + key +
             "</Key><LastModified>2009-10-28T22:32:00Z</LastModified></Contents>";
    };
    const std::string token(received.head.query_value("continuation-token").value_or(""));
    const std::string page =
        token.empty() ? row("p/.thumbmill-check") + row("p/a/") +
                            "<IsTruncated>true</IsTruncated><NextContinuationToken>t+1"
                            "</NextContinuationToken>"
        : token == "t+1"
            ? row("p/a%20b") + row("p/a/1") +
                  "<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken>"
            : row("p/a/2") + row("p/a/3");
    return StandInServer::text(
        200, "<ListBucketResult><EncodingType>url</EncodingType>" + page + "</ListBucketResult>");
  };
  std::vector<std::string> found;
  for (const ListedObject& object : store().list("", "0", 4, {}).value()) {
    found.push_back(object.key);
  }
  EXPECT_THAT(found, ElementsAre("a/", "a b", "a/1", "a/2"));
  const HttpRequest first = server_.received().at(0).head;
  EXPECT_EQ(first.path, "/bucket");
  EXPECT_EQ(first.query_value("prefix"), "p/");
  EXPECT_EQ(first.query_value("start-after"), "p/0");
  EXPECT_EQ(first.query_value("max-keys"), "4");
}

TEST_F(S3StoreTest, ItsOwnKeysAreNobodyElses) {
  EXPECT_EQ(store().put(".thumbmill-check", Blob(), {}, {}).code(), Code::invalid_argument);
  EXPECT_EQ(store_->get(".thumbmill-x", {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(server_.received().size(), 0u);
}

TEST_F(S3StoreTest, PresignedRequestsNameWhatMustBeSent) {
  const PutOptions options{"image/png", {{"job", "{}"}}, true};
  const auto put = store({.encryption = S3Encryption::sse_s3})
                       .presign_put("uploads/a/x", options, 5, std::chrono::seconds(60), {})
                       .value();
  EXPECT_EQ(put.method, "PUT");
  EXPECT_THAT(put.url, HasSubstr("/bucket/p/uploads/a/x?X-Amz-Algorithm="));
  EXPECT_THAT(put.headers,
              ElementsAre(std::pair("content-type", "image/png"), std::pair("x-amz-meta-job", "{}"),
                          std::pair("x-amz-server-side-encryption", "AES256"),
                          std::pair("if-none-match", "*"), std::pair("content-length", "5")));
  for (const auto ttl : {std::chrono::seconds(0), std::chrono::seconds(7 * 24 * 3600 + 1)}) {
    EXPECT_EQ(store_->presign_get("a", ttl, {}).status().code(), Code::invalid_argument);
  }
  EXPECT_EQ(server_.received().size(), 0u);
}

TEST(S3StoreOpen, TakesRegionAndEndpointFromTheEnvironment) {
  SystemClock clock;
  Random random(1);
  NoMetrics metrics;
  NoLogger log;
  std::map<std::string, std::string> variables{{"AWS_ACCESS_KEY_ID", "id"},
                                               {"AWS_SECRET_ACCESS_KEY", "key"}};
  const auto url = [&]() -> std::string {
    S3Options options{.bucket = "bucket"};
    options.environment = environment_of(variables);
    auto store = S3Store::open(options, clock, random, metrics, log);
    if (!store.ok()) return std::string(code_name(store.status().code()));
    return (*store)->presign_get("a", std::chrono::seconds(1), {})->url;
  };
  EXPECT_EQ(url(), "invalid_argument") << "no region";
  variables["AWS_DEFAULT_REGION"] = "eu-north-1";
  EXPECT_THAT(url(), HasSubstr("https://bucket.s3.eu-north-1.amazonaws.com/a?"));
  variables["AWS_REGION"] = "eu-west-1";
  EXPECT_THAT(url(), HasSubstr("https://bucket.s3.eu-west-1.amazonaws.com/a?"));
  variables["AWS_ENDPOINT_URL"] = "https://one.example.org";
  EXPECT_THAT(url(), HasSubstr("https://bucket.one.example.org/a?"));
  variables["AWS_ENDPOINT_URL_S3"] = "https://two.example.org";
  EXPECT_THAT(url(), HasSubstr("https://bucket.two.example.org/a?"));
}

}  // namespace
}  // namespace thumbmill
