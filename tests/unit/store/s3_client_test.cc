// One request through failures of every kind, over a scripted transport and a clock that skips.
#include "store/s3/s3_client.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/recording_metrics.h"
#include "s3_stand_in.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

HttpAnswer answer(int status, std::string code = {}, Parameters headers = {}) {
  const std::string text = code.empty() ? "" : "<Error><Code>" + code + "</Code></Error>";
  return {.status = status, .headers = std::move(headers), .body = Blob(text)};
}

class ScriptedTransport final : public HttpTransport {
 public:
  Result<HttpAnswer> send(const HttpCall& call, const OpContext&) override {
    calls.push_back(call);
    if (script.empty()) return answer(200);
    Result<HttpAnswer> next = std::move(script.front());
    script.pop_front();
    return next;
  }
  std::string header(std::size_t call, std::string_view name) const {
    for (const auto& [its_name, value] : calls.at(call).headers) {
      if (its_name == name) return value;
    }
    return "none";
  }

  std::deque<Result<HttpAnswer>> script;
  std::vector<HttpCall> calls;
};

class NumberedSource final : public CredentialSource {
 public:
  std::string_view name() const override { return "numbered"; }
  Result<std::optional<Credentials>> fetch(const OpContext&) override {
    ++number_;
    return std::optional(
        Credentials{"key-" + std::to_string(number_), "secret", "token", std::nullopt});
  }

 private:
  int number_ = 0;
};

std::vector<std::unique_ptr<CredentialSource>> one_source() {
  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(std::make_unique<NumberedSource>());
  return sources;
}

class S3ClientTest : public ::testing::Test {
 protected:
  Outcome send(std::vector<Result<HttpAnswer>> script,
               Request request = {.method = "GET", .key = "p/key"}) {
    transport_.calls.clear();
    transport_.script.assign(script.begin(), script.end());
    return client_.send(request, context_);
  }
  Code code(std::vector<Result<HttpAnswer>> script,
            Request request = {.method = "GET", .key = "p/key"}) {
    return send(std::move(script), std::move(request)).answer.status().code();
  }
  std::size_t calls() const { return transport_.calls.size(); }

  const Status broken_{Code::unavailable, "broken", "reset by peer"};
  OpContext context_;
  SkippingClock clock_;
  Random random_{4};
  RecordingMetrics metrics_;
  NoLogger log_;
  ScriptedTransport transport_;
  CredentialChain credentials_{one_source(), clock_, log_};
  Client client_{Endpoint::make("https://s3.example.org", "", "bucket", false).value(),
                 "eu-west-1",
                 transport_,
                 credentials_,
                 clock_,
                 random_,
                 metrics_,
                 log_};
};

TEST_F(S3ClientTest, RetriesAreCounted) {
  EXPECT_TRUE(send({answer(503), broken_}).answer.ok());
  EXPECT_EQ(metrics_.value(metric::kStoreRetries), 2);
}

TEST_F(S3ClientTest, WhenMostCallsFailTheyFailAtOnceUntilOneSucceeds) {
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(code({answer(500), answer(500), answer(500)}), Code::unavailable);
  EXPECT_EQ(code({}), Code::unavailable);
  EXPECT_EQ(calls(), 0u);
  clock_.advance(Breaker::kPause);
  EXPECT_EQ(code({answer(404)}), Code::not_found) << "an answer all the same";
  EXPECT_EQ(code({}), Code::ok);
}

TEST_F(S3ClientTest, SignsWhatItSends) {
  const Blob body(std::string("bytes"));
  EXPECT_EQ(code({}, {.method = "PUT",
                      .key = "a b",
                      .query = {{"x", "y z"}},
                      .headers = {{"x-amz-meta-job", "{}"}},
                      .body = &body,
                      .body_hash = "hash"}),
            Code::ok);
  ASSERT_EQ(calls(), 1u);
  const HttpCall& call = transport_.calls[0];
  EXPECT_EQ(call.url, "https://bucket.s3.example.org/a%20b?x=y%20z");
  EXPECT_EQ(call.body, &body);
  EXPECT_EQ(transport_.header(0, "x-amz-content-sha256"), "hash");
  EXPECT_EQ(transport_.header(0, "host"), "bucket.s3.example.org");
  EXPECT_THAT(transport_.header(0, "authorization"),
              HasSubstr("Credential=key-1/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;"
                        "x-amz-content-sha256;x-amz-date;x-amz-meta-job;x-amz-security-token,"));
}

TEST_F(S3ClientTest, TransientFailuresAreRepeatedTwice) {
  EXPECT_EQ(code({answer(503), broken_, answer(200)}), Code::ok);
  EXPECT_EQ(calls(), 3u);
  ASSERT_THAT(clock_.waits, SizeIs(2));
  EXPECT_LT(clock_.waits[0], milliseconds(50));
  EXPECT_LT(clock_.waits[1], milliseconds(100));
  const Outcome failed =
      send({answer(500), answer(500, "InternalError"), answer(502), answer(200)});
  EXPECT_EQ(failed.answer.status().code(), Code::unavailable);
  EXPECT_THAT(failed.answer.status().detail(), HasSubstr("GET p/key: HTTP 502"));
  EXPECT_EQ(calls(), 3u);
}

TEST_F(S3ClientTest, EveryAttemptIsSignedAnew) {
  EXPECT_EQ(code({answer(503, "SlowDown"), answer(503, "SlowDown"), answer(200)}), Code::ok);
  EXPECT_GT(clock_.waits[0] + clock_.waits[1], milliseconds(1'000)) << "else change the seed";
  EXPECT_NE(transport_.header(0, "x-amz-date"), transport_.header(2, "x-amz-date"));
}

TEST_F(S3ClientTest, WhatRepeatingCannotHelpIsNotRepeated) {
  EXPECT_EQ(code({answer(404, "NoSuchKey")}), Code::not_found);
  EXPECT_EQ(code({answer(404)}, {.method = "HEAD", .key = "k"}), Code::not_found);
  EXPECT_EQ(code({answer(412, "PreconditionFailed")}), Code::conflict);
  EXPECT_EQ(code({answer(507)}), Code::exhausted);
  EXPECT_EQ(calls(), 1u);
  EXPECT_EQ(code({Status(Code::cancelled, "stopped")}), Code::cancelled);
  EXPECT_EQ(code({Status(Code::exhausted, "disk full")}), Code::exhausted);
  EXPECT_EQ(calls(), 1u);
  EXPECT_THAT(clock_.waits, SizeIs(0));
}

// Were it told as "unsupported" or "too large", it would pass for the image's fault.
TEST_F(S3ClientTest, ARefusalIsTheStoresAndNamesItsAnswer) {
  for (const auto& [status, name] : {std::pair(501, "NotImplemented"),
                                     {400, "EntityTooLarge"},
                                     {413, ""},
                                     {400, "InvalidRequest"},
                                     {405, "MethodNotAllowed"},
                                     {403, "InvalidAccessKeyId"}}) {
    const Outcome refused = send({answer(status, name)}, {.method = "PUT", .key = "k"});
    EXPECT_EQ(refused.answer.status().code(), Code::unavailable) << name;
    EXPECT_EQ(refused.answer.status().message(), "the store refuses the request");
    EXPECT_THAT(refused.answer.status().detail(),
                HasSubstr("HTTP " + std::to_string(status) + " " + name));
    EXPECT_EQ(refused.refusal, Refusal::other) << name;
    EXPECT_EQ(calls(), 1u) << "repeating it cannot help";
  }
  EXPECT_EQ(send({answer(403, "AccessDenied")}).refusal, Refusal::denied);
  EXPECT_EQ(send({answer(403)}, {.method = "HEAD", .key = "k"}).refusal, Refusal::denied);
  for (const int status : {404, 412, 507, 500}) {
    EXPECT_EQ(send({answer(status), answer(status), answer(status)}).refusal, Refusal::none)
        << status;
  }
}

// A bucket that is gone, or closed to us, is not the absence of an object.
TEST_F(S3ClientTest, TroubleWithTheBucketIsUnavailable) {
  EXPECT_EQ(code({answer(404, "NoSuchBucket")}), Code::unavailable);
  EXPECT_EQ(code({answer(403, "AccessDenied")}), Code::unavailable);
  EXPECT_EQ(code({answer(404)}, {.method = "GET"}), Code::unavailable);
  const Outcome moved =
      send({answer(301, "PermanentRedirect", {{"x-amz-bucket-region", "us-west-2"}})});
  EXPECT_THAT(moved.answer.status().detail(), HasSubstr("in region us-west-2"));
  EXPECT_EQ(calls(), 1u);
}

TEST_F(S3ClientTest, AnErrorInASuccessIsOneWhereItMayBe) {
  const Request copy{.method = "PUT", .key = "k", .document_in_success = true};
  const HttpAnswer copied{
      .status = 200, .headers = {}, .body = Blob(std::string("<CopyObjectResult/>"))};
  EXPECT_EQ(code({answer(200, "InternalError"), answer(200, "AnythingElse"), copied}, copy),
            Code::ok);
  EXPECT_EQ(calls(), 3u);
  EXPECT_EQ(code({answer(200), copied}, copy), Code::ok);
  EXPECT_EQ(calls(), 2u) << "an answer that breaks off is no success";
  EXPECT_EQ(code({answer(200, "InternalError")}), Code::ok) << "an object that is such XML";
  EXPECT_EQ(calls(), 1u);
}

TEST_F(S3ClientTest, NothingIsRepeatedPastTheDeadline) {
  context_.deadline = clock_.now() + milliseconds(1);
  EXPECT_EQ(code({answer(503, "SlowDown"), answer(200)}), Code::unavailable);
  EXPECT_EQ(calls(), 1u);
}

TEST_F(S3ClientTest, AWrongClockIsCorrectedOnceAndForAll) {
  const Parameters date{{"date", "Thu, 01 Jan 2026 02:00:00 GMT"}};
  EXPECT_EQ(code({answer(403, "RequestTimeTooSkewed", date), answer(200)}), Code::ok);
  EXPECT_EQ(transport_.header(0, "x-amz-date"), "20260101T000000Z");
  EXPECT_EQ(transport_.header(1, "x-amz-date"), "20260101T020000Z");
  EXPECT_EQ(code({}), Code::ok);
  EXPECT_EQ(transport_.header(0, "x-amz-date"), "20260101T020000Z");
  EXPECT_EQ(code({answer(403, "RequestTimeTooSkewed", date),
                  answer(403, "RequestTimeTooSkewed", date), answer(200)}),
            Code::unavailable);
  EXPECT_EQ(calls(), 2u);
}

TEST_F(S3ClientTest, AnAnswerToHeadIsJudgedByItsDate) {
  const Request head{.method = "HEAD", .key = "k"};
  EXPECT_EQ(code({answer(403, "", {{"date", "Thu, 01 Jan 2026 02:00:00 GMT"}}), answer(200)}, head),
            Code::ok);
  EXPECT_EQ(transport_.header(1, "x-amz-date"), "20260101T020000Z");
  EXPECT_EQ(code({answer(403, "", {{"date", "Thu, 01 Jan 2026 02:00:10 GMT"}}), answer(200)}, head),
            Code::unavailable)
      << "the clock is right now: it is a refusal";
}

TEST_F(S3ClientTest, ExpiredCredentialsAreFetchedAnewOnce) {
  EXPECT_EQ(code({answer(400, "ExpiredToken"), answer(200)}), Code::ok);
  EXPECT_THAT(transport_.header(0, "authorization"), HasSubstr("Credential=key-1/"));
  EXPECT_THAT(transport_.header(1, "authorization"), HasSubstr("Credential=key-2/"));
  EXPECT_EQ(code({answer(400, "ExpiredToken"), answer(400, "ExpiredToken"), answer(200)}),
            Code::unavailable);
  EXPECT_EQ(calls(), 2u);
  EXPECT_EQ(code({answer(400), answer(200)}, {.method = "HEAD", .key = "k"}), Code::ok);
}

TEST_F(S3ClientTest, SaysWhetherAnEarlierAttemptMayHaveTakenEffect) {
  EXPECT_FALSE(send({answer(412)}).uncertain);
  EXPECT_TRUE(send({broken_, answer(412)}).uncertain);
  EXPECT_TRUE(send({answer(500), answer(412)}).uncertain);
  EXPECT_FALSE(send({answer(409, "ConditionalRequestConflict"), answer(412)}).uncertain);
  EXPECT_FALSE(send({answer(400, "ExpiredToken"), answer(412)}).uncertain);
}

// 500 tokens, 14 a retry: after 35 retries between them, calls fail at once.
TEST_F(S3ClientTest, AnEndpointThatIsDownIsNotOverrunByRetries) {
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(code({broken_, broken_, broken_}), Code::unavailable);
    sent += calls();
    clock_.advance(std::chrono::seconds(1));  // too seldom for the breaker
  }
  EXPECT_EQ(sent, 100u + 500 / 14);
}

TEST_F(S3ClientTest, PresignsForTheKey) {
  const std::string url =
      client_.presign("PUT", "p/a b", {{"content-type", "image/png"}}, std::chrono::seconds(60), {})
          .value();
  EXPECT_THAT(url, HasSubstr("https://bucket.s3.example.org/p/a%20b?X-Amz-Algorithm="));
  EXPECT_THAT(url, HasSubstr("&X-Amz-Expires=60&X-Amz-Security-Token=token&"));
  EXPECT_THAT(url, HasSubstr("&X-Amz-SignedHeaders=content-type%3Bhost&"));
  EXPECT_EQ(calls(), 0u);
}

}  // namespace
}  // namespace thumbmill::s3
