// What S3Store::check() finds out about a bucket: on a stand-in for S3 that works as it should, but
// for the one thing that a test takes away.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "s3_stand_in.h"
#include "store/s3/s3_store.h"

namespace thumbmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Received = StandInServer::Received;

HttpResponse error(int status, const std::string& code) {
  return StandInServer::text(status, "<Error><Code>" + code + "</Code></Error>");
}

class BucketCheckTest : public ::testing::Test {
 protected:
  Status check(S3Options options = {}) {
    options.bucket = options.bucket.empty() ? "bucket" : options.bucket;
    options.prefix = "p";
    options.endpoint = server_.url();
    options.region = "eu-west-1";
    options.environment = environment_of(variables_);
    store_ = S3Store::open(std::move(options), clock_, random_, metrics_, log_).value();
    return store_->check({});
  }

  HttpResponse answer(const Received& received) {
    const std::string method = operation(received);
    if (denied_.contains(method)) return error(403, "AccessDenied");
    if (method == "LIST") return StandInServer::text(200, listing_);
    if (method == "DELETE") return StandInServer::text(204, "");
    if (method == "GET") return StandInServer::text(200, content_);
    if (received.field("if-none-match") == "*" && on_condition_) return *on_condition_;
    HttpResponse response = StandInServer::text(put_status_, "");
    if (!encryption_.empty()) response.fields.add("x-amz-server-side-encryption", encryption_);
    return response;
  }

  static std::string operation(const Received& received) {
    return received.head.query_value("list-type") ? "LIST" : std::string(received.head.method);
  }

  /// The operations so far, in order.
  std::vector<std::string> asked() const {
    std::vector<std::string> operations;
    for (const Received& received : server_.received()) operations.push_back(operation(received));
    return operations;
  }

  // What may be taken away.
  std::set<std::string> denied_;
  std::string listing_ = "<ListBucketResult><Name>bucket</Name></ListBucketResult>";
  std::string content_ = "probe";
  std::optional<HttpResponse> on_condition_ = error(412, "PreconditionFailed");
  int put_status_ = 200;
  std::string encryption_;

  const std::map<std::string, std::string> variables_{{"AWS_ACCESS_KEY_ID", "id"},
                                                      {"AWS_SECRET_ACCESS_KEY", "key"}};
  SystemClock clock_;
  Random random_{2};
  NoMetrics metrics_;
  NoLogger log_;
  StandInServer server_{[this](const Received& received) { return answer(received); }};
  std::unique_ptr<S3Store> store_;
};

TEST_F(BucketCheckTest, TriesAllThatIsNeeded) {
  EXPECT_TRUE(check().ok());
  EXPECT_EQ(asked(), (std::vector<std::string>{"LIST", "PUT", "PUT", "GET", "DELETE"}));
  const std::vector<Received> received = server_.received();
  EXPECT_EQ(received[0].head.query_value("prefix"), "p/");
  EXPECT_EQ(received[1].field("if-none-match"), "none");
  EXPECT_EQ(received[2].field("if-none-match"), "*");
  EXPECT_EQ(received[1].head.path, received[2].head.path);
  EXPECT_EQ(received[1].head.path, received[3].head.path);
  EXPECT_EQ(received[4].head.path, "/bucket/p/uploads/.thumbmill-check")
      << "where rights are needed, and not what another process may be about to get";
}

TEST_F(BucketCheckTest, TriesNoMoreThanThatForOthersTasks) {
  on_condition_.reset();
  denied_ = {"DELETE"};
  S3Options options;
  options.keeps_jobs = false;
  EXPECT_TRUE(check(options).ok());
  EXPECT_EQ(asked(), (std::vector<std::string>{"LIST", "PUT", "GET"}));
}

TEST_F(BucketCheckTest, NamesEachRightThatIsMissing) {
  const std::vector<std::pair<std::string, std::string>> rights{{"LIST", "s3:ListBucket"},
                                                                {"PUT", "s3:PutObject"},
                                                                {"GET", "s3:GetObject"},
                                                                {"DELETE", "s3:DeleteObject"}};
  for (const auto& [operation, right] : rights) {
    denied_ = {operation};
    const Status missing = check();
    EXPECT_EQ(missing.code(), Code::unavailable);
    EXPECT_THAT(missing.message(), HasSubstr("missing: " + right + ";"))
        << "this one, and no other";
    EXPECT_THAT(missing.message(), Not(HasSubstr("AccessDenied"))) << "clients may read it";
    EXPECT_THAT(missing.detail(), HasSubstr("403 AccessDenied"));
  }
  denied_ = {"LIST", "PUT", "GET", "DELETE"};
  EXPECT_THAT(check().message(), HasSubstr("s3:ListBucket, s3:PutObject, s3:DeleteObject;"))
      << "whether it could be read cannot be known";
  denied_ = {"PUT"};
  EXPECT_THAT(check({.encryption = S3Encryption::sse_kms}).message(),
              HasSubstr("s3:PutObject or kms:GenerateDataKey"));
}

TEST_F(BucketCheckTest, AServerThatIgnoresRefusesOrForbidsConditionsIsNoGood) {
  const std::vector<std::optional<HttpResponse>> answers{
      std::nullopt, error(501, "NotImplemented"), error(400, "InvalidArgument"), error(403, "")};
  for (const auto& answer : answers) {
    on_condition_ = answer;
    const Status lacking = check();
    EXPECT_EQ(lacking.code(), Code::unavailable);
    EXPECT_THAT(lacking.message(),
                AllOf(HasSubstr("If-None-Match"), HasSubstr("Compatible servers")));
    if (answer) {
      EXPECT_THAT(lacking.detail(), HasSubstr("HTTP " + std::to_string(answer->status)));
    }
  }
}

TEST_F(BucketCheckTest, AServerInTroubleIsNotTakenForOneThatLacksConditions) {
  on_condition_ = error(503, "ServiceUnavailable");
  const Status trouble = check();
  EXPECT_EQ(trouble.code(), Code::unavailable);
  EXPECT_THAT(trouble.message(), Not(HasSubstr("If-None-Match")));
}

TEST_F(BucketCheckTest, EncryptionThatIsAskedForMustBeConfirmed) {
  for (const auto& [asked, name] :
       {std::pair(S3Encryption::sse_s3, "AES256"), {S3Encryption::sse_kms, "aws:kms"}}) {
    encryption_ = name;
    EXPECT_TRUE(check({.encryption = asked}).ok()) << name;
    for (const char* other : {"", "another"}) {
      encryption_ = other;
      const Status plain = check({.encryption = asked});
      EXPECT_EQ(plain.code(), Code::unavailable);
      EXPECT_THAT(plain.message(), HasSubstr("s3-sse"));
      EXPECT_THAT(plain.detail(), HasSubstr(std::string(name) + " asked for, "));
    }
  }
  encryption_ = "AES256";
  EXPECT_TRUE(check().ok()) << "the bucket's own default is not ours to judge";
}

TEST_F(BucketCheckTest, AnotherBucketIsFoundOutBeforeAnythingIsPut) {
  for (const char* listing : {"<ListBucketResult><Name>other</Name></ListBucketResult>",
                              "<ListAllMyBucketsResult/>", "<html/>"}) {
    listing_ = listing;
    const Status wrong = check();
    EXPECT_EQ(wrong.code(), Code::unavailable);
    EXPECT_THAT(wrong.message(), AllOf(HasSubstr("s3-endpoint"), HasSubstr("s3-path-style")));
  }
  EXPECT_THAT(asked(), ::testing::Each("LIST"));
  listing_ = "<ListBucketResult/>";
  EXPECT_TRUE(check().ok()) << "a server that does not say";
  listing_ = "<ListBucketResult><Name>behind-it</Name></ListBucketResult>";
  EXPECT_TRUE(check({.bucket = "point-abc-s3alias"}).ok())
      << "an access point has a name of its own";
}

TEST_F(BucketCheckTest, WhatIsReadMustBeWhatWasWritten) {
  content_ = "else";
  EXPECT_THAT(check().message(), HasSubstr("reading from the store"));
}

TEST_F(BucketCheckTest, OtherRefusalsNameWhatWasTriedAndTheAnswer) {
  put_status_ = 501;
  const Status refused = check();
  EXPECT_EQ(refused.code(), Code::unavailable);
  EXPECT_THAT(refused.message(), HasSubstr("writing to the store: the store refuses"));
  EXPECT_THAT(refused.detail(), HasSubstr("HTTP 501"));
}

}  // namespace
}  // namespace thumbmill
