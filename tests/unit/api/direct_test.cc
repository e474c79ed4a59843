// Direct uploads, and renditions by redirect.
#include <boost/json.hpp>

#include "model/object_key.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;

constexpr const char* kBegin = "/v1/uploads?bytes=100&type=image/jpeg&name=a.jpg&size=80x80";

class DirectTest : public ApiFixture {
 protected:
  std::string begin() {
    const Exchange begun = call("POST", kBegin);
    EXPECT_EQ(begun.status(), 201) << begun.body();
    return begun.text("/id");
  }

  /// What the client does with the presigned request.
  void put_file() {
    ASSERT_TRUE(
        store_.put(presigner_.put_key, Blob(std::string(kJpeg)), presigner_.put_options, {}).ok());
  }

  Exchange complete(const std::string& id) {
    return call("POST", "/v1/uploads/" + id + "/complete");
  }
};

TEST_F(DirectTest, TheRequestIsForTheOriginalsOwnKey) {
  const Exchange begun = call("POST", kBegin);
  ASSERT_EQ(begun.status(), 201);
  const std::string id = begun.text("/id");
  EXPECT_EQ(presigner_.put_key, upload_key(id));
  EXPECT_EQ(begun.text("/upload/method"), "PUT");
  EXPECT_EQ(begun.text("/upload/url"), "https://store/" + upload_key(id) + "?ttl=900");
  EXPECT_EQ(begun.text("/upload/headers/content-length"), "100");
  EXPECT_EQ(begun.text("/upload/headers/content-type"), "image/jpeg");
  EXPECT_EQ(begun.text("/links/complete"), "/v1/uploads/" + id + "/complete");
  EXPECT_TRUE(store_.keys().empty());
}

TEST_F(DirectTest, ACompletedUploadIsAJobLikeAnyOther) {
  const std::string id = begin();
  put_file();
  const Exchange completed = complete(id);
  EXPECT_EQ(completed.status(), 202);
  EXPECT_EQ(completed.text("/status"), "queued");
  EXPECT_EQ(completed.text("/name"), "a.jpg");
  EXPECT_EQ(completed.text("/links/renditions/thumb"), "/v1/images/" + id + "/thumb");
  EXPECT_EQ(completed.field("Location"), "/v1/images/" + id);
  EXPECT_EQ(queue_.find(id, {}).value()->state, QueuedState::ready);
  start_job(id);
  finish_job(id);
  EXPECT_EQ(get("/v1/images/" + id).text("/status"), "done");
}

TEST_F(DirectTest, CompletingIsSafeToRepeat) {
  const std::string id = begin();
  put_file();
  EXPECT_EQ(complete(id).status(), 202);
  EXPECT_EQ(complete(id).status(), 202);
  EXPECT_EQ(queue_.depth({}).value().ready, 1U);
  start_job(id);
  finish_job(id);
  const Exchange again = complete(id);
  EXPECT_EQ(again.status(), 200);
  EXPECT_EQ(again.text("/status"), "done");
  EXPECT_EQ(queue_.depth({}).value().ready, 0U);
}

TEST_F(DirectTest, WithoutTheFileThereIsNothingToComplete) {
  EXPECT_EQ(complete(begin()).status(), 404);
  EXPECT_EQ(complete("0192f3a4-5b6c-7d8e-9f01-23456789abcd").status(), 404);
  EXPECT_EQ(complete("no-id").status(), 404);
}

TEST_F(DirectTest, RefusesWhatCannotBecomeAnUpload) {
  for (const auto& [query, status, word] : std::vector<std::tuple<std::string, int, std::string>>{
           {"type=image/jpeg", 400, "bytes"},
           {"bytes=0&type=image/jpeg", 400, "bytes"},
           {"bytes=1x&type=image/jpeg", 400, "bytes"},
           {"bytes=1001&type=image/jpeg", 413, "max-body"},
           {"bytes=100", 415, "type"},
           {"bytes=100&type=text/html", 415, "type"},
           {"bytes=100&type=image/svg%2Bxml", 415, "type"},
           {"bytes=100&type=image/jpeg&renditions=none", 400, "none"},
           {"bytes=100&type=image/jpeg&size=0x0", 400, "size"},
       }) {
    SCOPED_TRACE(query);
    const Exchange refused = call("POST", "/v1/uploads?" + query);
    EXPECT_EQ(refused.status(), status);
    EXPECT_THAT(refused.text("/detail"), HasSubstr(word));
  }
  EXPECT_EQ(presigner_.put_key, "");
}

TEST_F(DirectTest, AStoreWithoutCredentialsIsAway) {
  presigner_.failure = Status(Code::unavailable, "no credentials");
  EXPECT_EQ(call("POST", kBegin).status(), 503);
}

class OtherServiceTest : public ApiFixture {};

TEST_F(OtherServiceTest, AStoreThatTakesNoneSaysSo) {
  ApiParts parts = api_parts();
  parts.direct_uploads = nullptr;
  ApiService service(settings(spool_.path()), parts);
  EXPECT_EQ(call_on(service, "POST", kBegin).status(), 501);
  EXPECT_EQ(call_on(service, "POST", "/v1/uploads/0192f3a4-5b6c-7d8e-9f01-23456789abcd/complete")
                .status(),
            501);
}

TEST_F(OtherServiceTest, RenditionsByRedirect) {
  ApiParts parts = api_parts();
  parts.redirect = &presigner_;
  parts.redirect_time = std::chrono::minutes(10);
  ApiService service(settings(spool_.path()), parts);
  const std::string id = upload();
  const std::string path = "/v1/images/" + id + "/thumb";
  EXPECT_EQ(call_on(service, "GET", path).text("/code"), "not-ready");
  start_job(id);
  finish_job(id);
  const Exchange sent = call_on(service, "GET", path);
  EXPECT_EQ(sent.status(), 302);
  EXPECT_EQ(sent.field("Location"),
            "https://store/" + thumb_key(id, "thumb", ImageFormat::jpeg) + "?ttl=600");
  EXPECT_EQ(sent.field("Cache-Control"), "private, max-age=300");
  EXPECT_EQ(call_on(service, "GET", "/v1/images/" + id + "/other").status(), 404);
}

}  // namespace
}  // namespace thumbmill
