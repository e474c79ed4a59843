// GET and DELETE below /v1/images.
#include <boost/json.hpp>

#include "model/object_key.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kUnknown = "/v1/images/0192f3a4-5b6c-7d8e-9f01-23456789abcd";

class ImagesTest : public ApiFixture {
 protected:
  std::string done(const std::string& bytes = "0123456789") {
    const std::string id = upload();
    finish_job(id, bytes);
    return "/v1/images/" + id;
  }
};

TEST_F(ImagesTest, AJobIsShownInEachState) {
  const std::string id = upload("/v1/images?keep=true&name=a.jpg");
  Exchange answer = get("/v1/images/" + id);
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.json().at("status"), "queued");
  EXPECT_EQ(answer.field("Retry-After"), "1");
  start_job(id);
  answer = get("/v1/images/" + id);
  EXPECT_EQ(answer.json().at("status"), "running");
  EXPECT_EQ(answer.json().at("attempts"), 1);
  finish_job(id);
  answer = get("/v1/images/" + id);
  EXPECT_EQ(answer.json().at("status"), "done");
  EXPECT_EQ(answer.json().at("name"), "a.jpg");
  EXPECT_EQ(answer.text("/renditions/0/url"), "/v1/images/" + id + "/thumb");
  EXPECT_EQ(answer.text("/links/original"), "/v1/images/" + id + "/original");

  const std::string bad = upload();
  fail_job(bad, Code::corrupt_input);
  answer = get("/v1/images/" + bad);
  EXPECT_EQ(answer.json().at("status"), "failed");
  EXPECT_EQ(answer.json().at_pointer("/error/code"), "corrupt_input");
  EXPECT_EQ(answer.json().at("dead_letter"), true);
}

TEST_F(ImagesTest, UnknownAndForeignIdsAreNotFound) {
  for (const char* path : {kUnknown, "/v1/images/1", "/v1/images/..", "/v1/images/%2e%2e"}) {
    EXPECT_EQ(get(path).status(), 404) << path;
  }
  EXPECT_EQ(get(std::string(kUnknown) + "?wait=10").status(), 404);
}

TEST_F(ImagesTest, ALongPollAnswersWhenTheJobEnds) {
  const std::string id = upload();
  const Exchange waiting = get("/v1/images/" + id + "?wait=10");
  EXPECT_EQ(waiting.status(), 0);
  start_job(id);
  waiting.answer->run_due(clock_.now());
  EXPECT_EQ(waiting.status(), 0);
  finish_job(id);
  waiting.answer->run_due(clock_.now());
  ASSERT_EQ(waiting.status(), 200);
  EXPECT_EQ(waiting.json().at("status"), "done");
}

TEST_F(ImagesTest, ALongPollOfAnEndedJobAnswersAtOnce) {
  EXPECT_EQ(get(done() + "?wait=60").status(), 200);
}

TEST_F(ImagesTest, ALongPollAnswersInTimeWithoutAnEnd) {
  const Exchange waiting = get("/v1/images/" + upload() + "?wait=3");
  advance(waiting, std::chrono::milliseconds(2999));
  EXPECT_EQ(waiting.status(), 0);
  advance(waiting, std::chrono::milliseconds(1));
  ASSERT_EQ(waiting.status(), 200);
  EXPECT_EQ(waiting.json().at("status"), "queued");
  EXPECT_FALSE(waiting.answer->waiting());
}

TEST_F(ImagesTest, ALongPollFindsAnEndThatNobodyToldOf) {
  const std::string id = upload();
  const Exchange waiting = get("/v1/images/" + id + "?wait=60");
  ASSERT_TRUE(store_.put(result_key(id), Blob(encode_job_result({})), {}, {}).ok());
  advance(waiting, std::chrono::seconds(2));
  ASSERT_EQ(waiting.status(), 200);
  EXPECT_EQ(waiting.json().at("status"), "done");
}

TEST_F(ImagesTest, ALongPollEndsWhenTheServerStops) {
  const Exchange waiting = get("/v1/images/" + upload() + "?wait=60");
  waiting.answer->run_all();
  EXPECT_EQ(waiting.status(), 200);
  EXPECT_FALSE(waiting.answer->waiting());
}

TEST_F(ImagesTest, ALongPollOfADeletedJobIsNotFound) {
  const std::string id = upload();
  const Exchange waiting = get("/v1/images/" + id + "?wait=60");
  EXPECT_EQ(call("DELETE", "/v1/images/" + id).status(), 204);
  waiting.answer->run_due(clock_.now());
  EXPECT_EQ(waiting.status(), 404);
}

TEST_F(ImagesTest, WaitsThatAreNotAllowedAreRefused) {
  const std::string path = done();
  for (const char* wait : {"61", "-1", "x", "", "1.5"}) {
    EXPECT_EQ(get(path + "?wait=" + wait).status(), 400) << wait;
  }
}

TEST_F(ImagesTest, ARenditionIsServedToBeKeptForEver) {
  const std::string path = done() + "/thumb";
  const Exchange answer = get(path);
  ASSERT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body(), "0123456789");
  EXPECT_EQ(answer.field("Content-Type"), "image/jpeg");
  EXPECT_EQ(answer.field("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(answer.field("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.field("Last-Modified"), "Thu, 01 Jan 2026 00:00:00 GMT");
  EXPECT_EQ(answer.field("ETag"), get(path).field("ETag"));
  EXPECT_EQ(call("HEAD", path).status(), 200);
}

TEST_F(ImagesTest, RangesFollowTheStandard) {
  const std::string path = done() + "/thumb";
  struct Case {
    const char* range;
    int status;
    const char* body;
    const char* content_range;
  };
  const Case cases[] = {
      {"bytes=0-3", 206, "0123", "bytes 0-3/10"},
      {"bytes=4-", 206, "456789", "bytes 4-9/10"},
      {"bytes=-3", 206, "789", "bytes 7-9/10"},
      {"bytes=-99", 206, "0123456789", "bytes 0-9/10"},
      {"bytes=8-99", 206, "89", "bytes 8-9/10"},
      {"bytes=9-9", 206, "9", "bytes 9-9/10"},
      {"bytes=0-1,4-5", 200, "0123456789", ""},
      {"bytes=5-4", 200, "0123456789", ""},
      {"bytes=x-y", 200, "0123456789", ""},
      {"lines=0-3", 200, "0123456789", ""},
      {"bytes=-", 200, "0123456789", ""},
      {"bytes=1-99999999999999999999", 200, "0123456789", ""},
  };
  for (const Case& c : cases) {
    const Exchange answer = get(path, {{"Range", c.range}});
    EXPECT_EQ(answer.status(), c.status) << c.range;
    EXPECT_EQ(answer.body(), c.body) << c.range;
    EXPECT_EQ(answer.field("Content-Range"), c.content_range) << c.range;
  }
  for (const char* range : {"bytes=10-", "bytes=10-11", "bytes=-0"}) {
    const Exchange answer = get(path, {{"Range", range}});
    EXPECT_EQ(answer.status(), 416) << range;
    EXPECT_EQ(answer.field("Content-Range"), "bytes */10") << range;
  }
}

TEST_F(ImagesTest, ARangeHoldsOnlyWhileTheTagDoes) {
  const std::string path = done() + "/thumb";
  const std::string etag = get(path).field("ETag");
  EXPECT_EQ(get(path, {{"Range", "bytes=0-1"}, {"If-Range", etag}}).status(), 206);
  EXPECT_EQ(get(path, {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).status(), 200);
  EXPECT_EQ(get(path, {{"Range", "bytes=0-1"}, {"If-Range", "W/" + etag}}).status(), 200);
  EXPECT_EQ(call("HEAD", path, {{"Range", "bytes=0-1"}}).status(), 200);
}

TEST_F(ImagesTest, ConditionsFollowTheStandard) {
  const std::string path = done() + "/thumb";
  const std::string etag = get(path).field("ETag");
  const std::string then = "Thu, 01 Jan 2026 00:00:00 GMT";
  const std::string before = "Wed, 31 Dec 2025 23:59:59 GMT";
  const std::pair<FieldList, int> cases[] = {
      {{{"If-None-Match", etag}}, 304},
      {{{"If-None-Match", "\"x\", W/" + etag}}, 304},
      {{{"If-None-Match", "*"}}, 304},
      {{{"If-None-Match", "\"x\""}}, 200},
      {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", then}}, 200},
      {{{"If-Modified-Since", then}}, 304},
      {{{"If-Modified-Since", before}}, 200},
      {{{"If-Modified-Since", "yesterday"}}, 200},
      {{{"If-Match", etag}}, 200},
      {{{"If-Match", "*"}}, 200},
      {{{"If-Match", "\"x\""}}, 412},
      {{{"If-Match", "W/" + etag}}, 412},
      {{{"If-Unmodified-Since", before}}, 412},
      {{{"If-Unmodified-Since", then}}, 200},
  };
  for (const auto& [fields, status] : cases) {
    EXPECT_EQ(get(path, fields).status(), status) << fields[0].first << ": " << fields[0].second;
  }
  EXPECT_THAT(get(path, {{"If-None-Match", etag}}).body(), IsEmpty());
}

TEST_F(ImagesTest, ARenditionThatIsNotThereSaysWhy) {
  const std::string id = upload();
  Exchange answer = get("/v1/images/" + id + "/thumb");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.json().at("code"), "not-ready");
  EXPECT_EQ(answer.field("Retry-After"), "1");
  finish_job(id);
  answer = get("/v1/images/" + id + "/other");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_EQ(answer.json().at("code"), "not-found");
  EXPECT_EQ(get("/v1/images/" + id + "/..").status(), 404);
  EXPECT_EQ(get(std::string(kUnknown) + "/thumb").status(), 404);

  const std::string bad = upload();
  fail_job(bad, Code::too_large);
  answer = get("/v1/images/" + bad + "/thumb");
  EXPECT_EQ(answer.status(), 422);
  EXPECT_EQ(answer.json().at("code"), "over-limit");
  store_.fail_all(Status(Code::unavailable, "away"));
  EXPECT_EQ(get("/v1/images/" + bad + "/thumb").status(), 503);
}

TEST_F(ImagesTest, AKeptOriginalIsADownload) {
  const std::string id = upload("/v1/images?keep=true&name=sch%C3%B6n%22.jpg");
  EXPECT_EQ(get("/v1/images/" + id + "/original").status(), 404);
  finish_job(id);
  const Exchange answer = get("/v1/images/" + id + "/original");
  ASSERT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.body(), kJpeg);
  EXPECT_EQ(answer.field("Content-Disposition"), "attachment; filename*=UTF-8''sch%C3%B6n%22.jpg");
  EXPECT_THAT(answer.field("Content-Security-Policy"), HasSubstr("sandbox"));
  const std::string other = upload();
  finish_job(other);
  EXPECT_EQ(get("/v1/images/" + other + "/original").status(), 404);
}

TEST_F(ImagesTest, ListingPagesNewestFirstAndLinksOn) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(upload());
    clock_.advance(std::chrono::milliseconds(10));
  }
  std::vector<std::string> listed;
  std::string target = "/v1/images?limit=2";
  for (int page = 0; page < 3; ++page) {
    const Exchange answer = get(target);
    ASSERT_EQ(answer.status(), 200);
    const boost::json::value page_json = answer.json();
    for (const auto& image : page_json.at("images").as_array()) {
      listed.emplace_back(image.at("id").as_string());
    }
    const std::string link = answer.field("Link");
    EXPECT_EQ(link.empty(), answer.json().at("next").is_null());
    EXPECT_EQ(link.empty(), page == 2);
    if (!link.empty()) {
      EXPECT_THAT(link, HasSubstr("rel=\"next\""));
      target = link.substr(1, link.find('>') - 1);
    }
  }
  std::ranges::reverse(ids);
  EXPECT_EQ(listed, ids);
  for (const char* query : {"limit=0", "limit=201", "limit=x", "cursor=foreign"}) {
    EXPECT_EQ(get(std::string("/v1/images?") + query).status(), 400) << query;
  }
}

TEST_F(ImagesTest, DeletingRemovesAllOfIt) {
  const std::string path = done();
  EXPECT_EQ(call("DELETE", path).status(), 204);
  EXPECT_EQ(get(path).status(), 404);
  EXPECT_THAT(store_.keys(), IsEmpty());
  EXPECT_EQ(call("DELETE", path).status(), 404);
}

}  // namespace
}  // namespace thumbmill
