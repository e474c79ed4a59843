// POST /upload and POST /v1/images.
#include <boost/json.hpp>

#include "unit/api/upload_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(UploadTest, OneFileGetsAReceiptAndIsStoredWhole) {
  const Exchange answer = post_form("/upload", Form().file("file", "a photo.jpg", kJpeg));
  ASSERT_EQ(answer.status(), 202) << answer.body();
  const std::string id(answer.json().at("id").as_string());
  EXPECT_EQ(answer.field("Location"), "/v1/images/" + id);
  EXPECT_EQ(answer.field("Retry-After"), "1");
  EXPECT_EQ(answer.json().at("name"), "a photo.jpg");
  EXPECT_EQ(answer.text("/links/renditions/thumb"), "/v1/images/" + id + "/thumb");
  EXPECT_EQ(store_.get(upload_key(id), {}).value().body.to_string().value(), kJpeg);
  EXPECT_EQ(queue_.depth({}).value().ready, 1U);
}

TEST_F(UploadTest, EveryFieldNameForFilesIsTaken) {
  for (const char* field : {"file", "image", "media"}) {
    EXPECT_EQ(post_form("/upload", Form().file(field, "a.jpg", kJpeg)).status(), 202) << field;
  }
}

TEST_F(UploadTest, AFileInAnotherFieldIsRefusedNamingIt) {
  const Exchange answer = post_form("/upload", Form().file("photo", "a.jpg", kJpeg));
  EXPECT_EQ(answer.status(), 400);
  EXPECT_THAT(answer.body(), HasSubstr("\\\"photo\\\""));
  EXPECT_THAT(store_.keys(), IsEmpty());
}

TEST_F(UploadTest, AFormWithoutAFileIsRefused) {
  EXPECT_EQ(post_form("/upload", Form().field("name", "x")).status(), 400);
}

TEST_F(UploadTest, ARawBodyIsTheImage) {
  const Exchange answer = post_raw("/v1/images?name=raw.jpg", kJpeg);
  ASSERT_EQ(answer.status(), 202);
  EXPECT_EQ(answer.json().at("name"), "raw.jpg");
}

TEST_F(UploadTest, ARawBodyAtTheFormsPathIsRefused) {
  const Exchange answer = post_raw("/upload", kJpeg);
  EXPECT_EQ(answer.status(), 415);
  EXPECT_EQ(answer.json().at("code"), "unsupported-media-type");
}

TEST_F(UploadTest, SeveralFilesHaveTheirOwnOutcomesInOrder) {
  const Exchange answer = post_form("/v1/images", Form()
                                                      .file("file", "a.jpg", kJpeg)
                                                      .file("file", "b.txt", "not an image at all")
                                                      .file("file", "c.jpg", kJpeg));
  ASSERT_EQ(answer.status(), 202) << answer.body();
  const boost::json::array entries = answer.json().as_array();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].at("status"), "queued");
  EXPECT_EQ(entries[1].at("name"), "b.txt");
  EXPECT_EQ(entries[1].at_pointer("/problem/status"), 415);
  EXPECT_EQ(entries[2].at("name"), "c.jpg");
}

TEST_F(UploadTest, NoFileAcceptedGivesTheFirstProblemsStatus) {
  const Exchange answer =
      post_form("/upload", Form().file("file", "a", "text").file("file", "b", ""));
  EXPECT_EQ(answer.status(), 415);
  EXPECT_EQ(answer.json().as_array().size(), 2U);
}

TEST_F(UploadTest, AFileOverTheLimitDoesNotSpoilTheOthers) {
  const Exchange answer = post_form(
      "/upload",
      Form().file("file", "big.jpg", std::string(1001, 'x')).file("file", "ok.jpg", kJpeg));
  ASSERT_EQ(answer.status(), 202);
  EXPECT_EQ(answer.json().as_array()[0].at_pointer("/problem/code"), "too-large");
  EXPECT_EQ(answer.json().as_array()[1].at("status"), "queued");
}

TEST_F(UploadTest, BodiesOverTheLimitsAreRefused) {
  std::string image = kJpeg + std::string(1000 - kJpeg.size(), 'x');
  EXPECT_EQ(post_raw("/v1/images", image).status(), 202);
  EXPECT_EQ(post_raw("/v1/images", image + "x").status(), 413);
  EXPECT_EQ(post_form("/upload", Form().file("file", "f", image + "x")).status(), 413);
  EXPECT_EQ(post_form("/upload", Form().file("file", "f", std::string(5000, 'x'))).status(), 413);
  EXPECT_EQ(metrics_.value(metric::kUploads, {"too_large"}), 3);
}

TEST_F(UploadTest, FilesThatAreBeingReceivedAreLimited) {
  SpoolPlaces places(3);
  UploadSettings limited = settings(spool_.path());
  limited.limits.spool_places = &places;
  ApiService service(std::move(limited), api_parts());
  const auto request = [](const char* type) {
    auto made = std::make_shared<HttpRequest>();
    made->method = "POST";
    made->path = "/upload";
    made->has_body = true;
    made->fields.add("Content-Type", type);
    return made;
  };
  // Two files of one that goes on, and one of another.
  const std::string form = Form::fields().front().second;
  const auto first = service.begin(request(form.c_str()));
  const std::string two = Form().file("file", "a", kJpeg).file("file", "b", kJpeg).body();
  EXPECT_TRUE(first->on_body(std::string_view(two).substr(0, two.size() - 20)).ok());
  auto second = service.begin(request(form.c_str()));
  const std::string one = Form().file("file", "a", kJpeg).body();
  EXPECT_TRUE(second->on_body(std::string_view(one).substr(0, one.size() - 20)).ok());
  const Form third = Form().file("file", "a", kJpeg);
  const Exchange refused = call_on(service, "POST", "/upload", Form::fields(), third.body());
  EXPECT_EQ(refused.status(), 503);
  EXPECT_THAT(refused.text("/detail"), HasSubstr("too many files"));
  second.reset();
  EXPECT_EQ(call_on(service, "POST", "/upload", Form::fields(), third.body()).status(), 202);
}

TEST_F(UploadTest, OptionsOfTheFormWinOverTheQuery) {
  const Exchange answer =
      post_form("/v1/images?size=50x50&quality=30",
                Form().field("size", "64x32").file("file", "a.jpg", kJpeg).field("fit", "cover"));
  ASSERT_EQ(answer.status(), 202) << answer.body();
  const Job job = stored_job(std::string(answer.json().at("id").as_string()));
  ASSERT_EQ(job.renditions.size(), 1U);
  EXPECT_EQ(job.renditions[0].name, "thumb");
  EXPECT_EQ(job.renditions[0].width_px, 64U);
  EXPECT_EQ(job.renditions[0].height_px, 32U);
  EXPECT_EQ(job.renditions[0].fit, Fit::cover);
  EXPECT_EQ(job.renditions[0].quality, 30);
}

TEST_F(UploadTest, NamedRenditionsComeFromTheConfiguration) {
  const std::string id = upload("/v1/images?renditions=card,thumb&keep=true");
  const Job job = stored_job(id);
  ASSERT_EQ(job.renditions.size(), 2U);
  EXPECT_EQ(job.renditions[0].name, "card");
  EXPECT_EQ(job.renditions[0].width_px, 400U);
  EXPECT_TRUE(job.keep_original);
}

TEST_F(UploadTest, OptionsThatAreNotAllowedAreRefusedBeforeAnythingIsStored) {
  for (const char* query :
       {"renditions=large", "renditions=", "renditions=card,card", "size=0x0", "size=big",
        "fit=stretch", "format=gif", "quality=0", "quality=101", "background=red", "enlarge=1",
        "keep=maybe", "wait=61", "wait=-1", "wait=soon", "renditions=card&size=10"}) {
    const Exchange answer = post_raw(std::string("/v1/images?") + query, kJpeg);
    EXPECT_EQ(answer.status(), 400) << query;
    EXPECT_EQ(answer.json().at("code"), "invalid-argument") << query;
  }
  EXPECT_THAT(store_.keys(), IsEmpty());
}

// 30 KB that would occupy every worker for minutes.
TEST_F(UploadTest, AFormThatAsksForHugeRenditionsIsRefusedBeforeAnythingIsStored) {
  UploadSettings roomy = settings(spool_.path());
  roomy.limits.max_request_bytes = 64 * 1024;
  ApiService service(roomy, api_parts());
  Form form;
  for (int i = 0; i < 32; ++i) form.file("file", "small.jpg", kJpeg);
  const Exchange answer = call_on(
      service, "POST", "/v1/images?size=8192x8192&enlarge=true&fit=fill&format=webp&quality=100",
      Form::fields(), form.body());
  ASSERT_EQ(answer.status(), 400) << answer.body();
  EXPECT_EQ(answer.text("/code"), "invalid-argument");
  EXPECT_THAT(answer.text("/detail"), HasSubstr("rendition \"thumb\""));
  EXPECT_THAT(answer.text("/detail"), HasSubstr("max-rendition-pixels is 16777216"));
  EXPECT_THAT(store_.keys(), IsEmpty());
  EXPECT_EQ(post_raw("/v1/images?size=8192x8192&fit=fill", kJpeg).status(), 202)
      << "no larger than the image";
}

TEST_F(UploadTest, WhereOnlyNamesAreTakenOtherOptionsAreRefusedWithTheNames) {
  UploadSettings named = settings(spool_.path());
  named.defaults.named_only = true;
  ApiService service(named, api_parts());
  const FieldList raw{{"Content-Type", "image/jpeg"}};
  for (const char* query : {"size=10x10", "fit=cover", "format=webp", "quality=90",
                            "background=red", "enlarge=true", "renditions=card&size=10"}) {
    const Exchange answer =
        call_on(service, "POST", std::string("/v1/images?") + query, raw, kJpeg);
    EXPECT_EQ(answer.status(), 400) << query;
    EXPECT_THAT(answer.text("/detail"), HasSubstr("card, thumb")) << query;
  }
  EXPECT_THAT(store_.keys(), IsEmpty());
  for (const char* query : {"", "renditions=card", "renditions=card,thumb&name=a&wait=0"}) {
    EXPECT_EQ(call_on(service, "POST", std::string("/v1/images?") + query, raw, kJpeg).status(),
              202)
        << query;
  }
}

TEST_F(UploadTest, AnOptionLongerThanAnyIsRefused) {
  const Exchange answer = post_form(
      "/upload", Form().field("size", std::string(2000, '1')).file("file", "a.jpg", kJpeg));
  EXPECT_EQ(answer.status(), 413);
}

TEST_F(UploadTest, TheSameKeyGivesTheSameId) {
  const FieldList key{{"Idempotency-Key", "abc-1"}};
  const Exchange first = post_raw("/v1/images", kJpeg, key);
  const Exchange again = post_raw("/v1/images", kJpeg, key);
  EXPECT_EQ(first.status(), 202);
  EXPECT_EQ(again.status(), 200);
  EXPECT_EQ(first.json().at("id"), again.json().at("id"));
  EXPECT_EQ(metrics_.value(metric::kUploads, {"known"}), 1);

  const Exchange other = post_raw("/v1/images", kJpeg + "x", key);
  EXPECT_EQ(other.status(), 422);
  EXPECT_EQ(other.json().at("code"), "key-reused");
}

TEST_F(UploadTest, AKeyInUseIsAConflict) {
  const FieldList key{{"Idempotency-Key", "abc-1"}};
  // While the first upload is being accepted, its event arrives here: then the second one comes.
  std::optional<Exchange> second;
  const auto during = notifier_.subscribe(
      "", [&](const JobEvent&) { second = post_raw("/v1/images", kJpeg, key); });
  EXPECT_EQ(post_raw("/v1/images", kJpeg, key).status(), 202);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->status(), 409);
  EXPECT_EQ(second->json().at("code"), "key-in-flight");
  EXPECT_EQ(second->field("Retry-After"), "1");
}

TEST_F(UploadTest, AKnownUploadIsShownAsItStands) {
  const FieldList key{{"Idempotency-Key", "abc-1"}};
  const std::string id(post_raw("/v1/images", kJpeg, key).json().at("id").as_string());
  finish_job(id);
  const Exchange again = post_raw("/v1/images", kJpeg, key);
  EXPECT_EQ(again.status(), 200);
  EXPECT_EQ(again.json().at("status"), "done");
  EXPECT_EQ(again.field("Retry-After"), "");
}

TEST_F(UploadTest, KeysAreCheckedAndGoWithOneFile) {
  EXPECT_EQ(post_raw("/v1/images", kJpeg, {{"Idempotency-Key", ""}}).status(), 400);
  EXPECT_EQ(post_raw("/v1/images", kJpeg, {{"Idempotency-Key", "a b"}}).status(), 400);
  EXPECT_EQ(post_raw("/v1/images", kJpeg, {{"Idempotency-Key", std::string(256, 'k')}}).status(),
            400);
  EXPECT_EQ(
      post_raw("/v1/images", kJpeg, {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}}).status(),
      400);
  EXPECT_EQ(post_form("/upload", Form().file("file", "a", kJpeg).file("file", "b", kJpeg),
                      {{"Idempotency-Key", "a"}})
                .status(),
            400);
}

TEST_F(UploadTest, AStoreThatIsAwayOrFullIsToldAsSuchAndNoDetailLeaks) {
  store_.fail_all(Status(Code::unavailable, "the store is away", "secret-host:9000"));
  Exchange answer = post_raw("/v1/images", kJpeg);
  EXPECT_EQ(answer.status(), 503);
  EXPECT_EQ(answer.field("Retry-After"), "5");
  EXPECT_THAT(answer.body(), Not(HasSubstr("secret-host")));
  store_.fail_all(Status(Code::exhausted, "the disk is full", "/var/secret"));
  answer = post_raw("/v1/images", kJpeg);
  EXPECT_EQ(answer.status(), 507);
  EXPECT_THAT(answer.body(), Not(HasSubstr("/var/secret")));
}

TEST_F(UploadTest, AQueueThatIsAwayDoesNotStopUploads) {
  queue_.fail_all(Status(Code::unavailable, "the queue is away"));
  EXPECT_EQ(post_raw("/v1/images", kJpeg).status(), 202);
}

TEST_F(UploadTest, AMalformedFormIsRefused) {
  EXPECT_EQ(call("POST", "/upload", {{"Content-Type", "multipart/form-data"}}, "x").status(), 400);
  const std::string body = Form().file("file", "a.jpg", kJpeg).body();
  EXPECT_EQ(call("POST", "/upload", Form::fields(), body.substr(0, body.size() - 4)).status(), 400);
}

TEST_F(UploadTest, WaitingAnswersWithTheImageWhenTheJobEnds) {
  const Exchange waiting = post_raw("/v1/images?wait=10", kJpeg);
  EXPECT_EQ(waiting.status(), 0);
  const std::string id = id_from_key(store_.keys().front()).value();
  finish_job(id);
  waiting.answer->run_due(clock_.now());
  ASSERT_EQ(waiting.status(), 200);
  EXPECT_EQ(waiting.json().at("status"), "done");
  check_description("POST", "/v1/images", waiting.answer->response().value());
}

TEST_F(UploadTest, WaitingGivesAReceiptWhenTimeIsUp) {
  const Exchange waiting = post_raw("/v1/images?wait=10", kJpeg);
  for (int second = 0; second < 9; ++second) advance(waiting, std::chrono::seconds(1));
  EXPECT_EQ(waiting.status(), 0);
  advance(waiting, std::chrono::seconds(1));
  EXPECT_EQ(waiting.status(), 202);
}

TEST_F(UploadTest, WaitingTellsWhyAnImageFailed) {
  const std::pair<Code, const char*> cases[] = {{Code::corrupt_input, "undecodable"},
                                                {Code::decoder_crashed, "undecodable"},
                                                {Code::too_large, "over-limit"},
                                                {Code::deadline_exceeded, "over-limit"}};
  for (const auto& [code, problem] : cases) {
    const Exchange waiting = post_raw("/v1/images?wait=10", kJpeg);
    fail_job(id_from_key(store_.keys().back()).value(), code, false);
    waiting.answer->run_due(clock_.now());
    ASSERT_EQ(waiting.status(), 422);
    EXPECT_EQ(waiting.json().at("code"), problem);
    EXPECT_EQ(waiting.json().at("detail"), "why it failed");
    check_description("POST", "/v1/images", waiting.answer->response().value());
  }
}

TEST_F(UploadTest, WaitingForSeveralAnswersWhenAllHaveEnded) {
  const Exchange waiting =
      post_form("/upload?wait=10", Form().file("file", "a", kJpeg).file("file", "b", kJpeg + "2"));
  const std::vector<std::string> keys = store_.keys();
  ASSERT_EQ(keys.size(), 2U);
  finish_job(id_from_key(keys[0]).value());
  waiting.answer->run_due(clock_.now());
  EXPECT_EQ(waiting.status(), 0);
  fail_job(id_from_key(keys[1]).value(), Code::corrupt_input);
  waiting.answer->run_due(clock_.now());
  ASSERT_EQ(waiting.status(), 200);
  EXPECT_EQ(waiting.json().as_array().size(), 2U);
  check_description("POST", "/upload", waiting.answer->response().value());
}

TEST_F(UploadTest, UploadsAreCountedOnceAndTimed) {
  upload();
  post_raw("/v1/images?size=none", kJpeg);
  EXPECT_EQ(metrics_.value(metric::kUploads, {"accepted"}), 1);
  EXPECT_EQ(metrics_.value(metric::kUploads, {"invalid_argument"}), 1);
  EXPECT_EQ(metrics_.value(metric::kUploadBytes), static_cast<double>(kJpeg.size()));
  EXPECT_EQ(metrics_.observed(metric::kUploadSeconds).size(), 1U);
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"/v1/images", "POST", "202"}), 1);
  EXPECT_EQ(metrics_.value(metric::kHttpRequests, {"/v1/images", "POST", "400"}), 1);
}

TEST(UploadSpoolTest, ASpoolThatCannotBeWrittenIsUnavailable) {
  const std::string missing = "/nonexistent-thumbmill-spool";
  const UploadLimits limits{.max_file_bytes = 10, .max_request_bytes = 10};
  const auto body = raw_upload_body(limits, missing);
  const Status status = body->append("x");
  EXPECT_EQ(status.code(), Code::unavailable) << status.to_string();
  EXPECT_EQ(status.message().find(missing), std::string::npos) << "clients see no paths of ours";
}

TEST(UploadSpoolTest, AnEmptyBodyIsAnEmptyFile) {
  const TempDirectory spool;
  const UploadLimits limits{.max_file_bytes = 10, .max_request_bytes = 10};
  const auto body = raw_upload_body(limits, spool.path());
  ASSERT_TRUE(body->finish().ok());
  ASSERT_EQ(body->files.size(), 1U);
  EXPECT_EQ(body->files[0].body.size(), 0U);
}

}  // namespace
}  // namespace thumbmill
