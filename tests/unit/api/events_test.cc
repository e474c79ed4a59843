// Server-sent events.
#include <boost/json.hpp>

#include "model/object_key.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class EventsTest : public ApiFixture {
 protected:
  static std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  }
  static std::string stream_text(const Exchange& exchange) {
    return exchange.answer->captured_stream()->text();
  }
};

TEST_F(EventsTest, AJobsStreamBeginsWithItsStateAndEndsWithItsEnd) {
  const std::string id = upload();
  const Exchange stream = get("/v1/images/" + id + "/events");
  ASSERT_EQ(stream.status(), 200);
  EXPECT_EQ(stream.field("Content-Type"), "text/event-stream");
  EXPECT_THAT(stream_text(stream), StartsWith("retry: 3000\n\nevent: state\ndata: {\"id\":\"" + id +
                                              "\",\"status\":\"queued\""));
  start_job(id);
  EXPECT_THAT(stream_text(stream), HasSubstr("id: 2\nevent: state\ndata: {\"id\":\"" + id +
                                             "\",\"status\":\"running\""));
  finish_job(id);
  EXPECT_THAT(stream_text(stream), HasSubstr("\"status\":\"done\""));
  EXPECT_THAT(stream_text(stream), EndsWith("\n\n"));
  EXPECT_TRUE(stream.answer->captured_stream()->closed());
}

TEST_F(EventsTest, EveryEventIsAsDescribed) {
  const std::string id = upload();
  const Exchange stream = get("/v1/events");
  start_job(id);
  fail_job(id, Code::corrupt_input);
  std::string text = stream_text(stream);
  int seen = 0;
  for (std::size_t at = text.find("data: "); at != std::string::npos;
       at = text.find("data: ", at)) {
    at += 6;
    const auto data = boost::json::parse(text.substr(at, text.find('\n', at) - at));
    EXPECT_THAT(description_.check_schema("Event", data), testing::IsEmpty());
    ++seen;
  }
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(text, HasSubstr("\"code\":\"corrupt_input\""));
}

TEST_F(EventsTest, AnEndedJobsStreamIsItsEnd) {
  const std::string id = upload();
  fail_job(id, Code::too_large);
  const Exchange stream = get("/v1/images/" + id + "/events");
  EXPECT_THAT(stream_text(stream), HasSubstr("\"status\":\"failed\""));
  EXPECT_THAT(stream_text(stream), HasSubstr("\"code\":\"too_large\""));
  EXPECT_EQ(count(stream_text(stream), "event: state"), 1U);
  EXPECT_TRUE(stream.answer->captured_stream()->closed());
}

TEST_F(EventsTest, AnUnknownJobHasNoStream) {
  EXPECT_EQ(get("/v1/images/0192f3a4-5b6c-7d8e-9f01-23456789abcd/events").status(), 404);
}

TEST_F(EventsTest, ADeletedJobsStreamEnds) {
  const std::string id = upload();
  const Exchange stream = get("/v1/images/" + id + "/events");
  EXPECT_EQ(call("DELETE", "/v1/images/" + id).status(), 204);
  EXPECT_THAT(stream_text(stream), HasSubstr("\"status\":\"deleted\""));
  EXPECT_TRUE(stream.answer->captured_stream()->closed());
}

TEST_F(EventsTest, AnEndThatNobodyToldOfIsFoundWithTheNextComment) {
  const std::string id = upload();
  const Exchange stream = get("/v1/images/" + id + "/events");
  ASSERT_TRUE(store_.put(result_key(id), Blob(encode_job_result({})), {}, {}).ok());
  advance(stream, std::chrono::seconds(15));
  EXPECT_THAT(stream_text(stream), HasSubstr("\"status\":\"done\""));
  EXPECT_TRUE(stream.answer->captured_stream()->closed());
}

TEST_F(EventsTest, AllJobsStreamGoesOnAndIsKeptAlive) {
  const Exchange stream = get("/v1/events");
  finish_job(upload());
  finish_job(upload());
  EXPECT_EQ(count(stream_text(stream), "\"status\":\"done\""), 2U);
  advance(stream, std::chrono::milliseconds(14'999));
  EXPECT_THAT(stream_text(stream), Not(HasSubstr("\n: \n")));
  for (int i = 0; i < 3; ++i) advance(stream, std::chrono::seconds(15));
  EXPECT_EQ(count(stream_text(stream), "\n: \n"), 3U);
  EXPECT_FALSE(stream.answer->captured_stream()->closed());
}

TEST_F(EventsTest, AStreamResumesAfterTheLastEventSeen) {
  const std::string first = upload();   // event 1
  const std::string second = upload();  // event 2
  const Exchange resumed = get("/v1/events", {{"Last-Event-ID", "1"}});
  EXPECT_THAT(stream_text(resumed), Not(HasSubstr(first)));
  EXPECT_THAT(stream_text(resumed), HasSubstr("id: 2\n"));
  finish_job(second);
  EXPECT_THAT(stream_text(resumed), HasSubstr("id: 3\n"));
  const Exchange foreign = get("/v1/events", {{"Last-Event-ID", "x1"}});
  EXPECT_EQ(stream_text(foreign), "retry: 3000\n\n");
}

TEST_F(EventsTest, AClientThatLeavesLeavesNothingBehind) {
  const Exchange stream = get("/v1/events");
  stream.answer->captured_stream()->close();
  stream.answer->run_due(clock_.now());
  const std::string before = stream_text(stream);
  upload();
  EXPECT_EQ(stream_text(stream), before);
  advance(stream, std::chrono::seconds(15));
  EXPECT_FALSE(stream.answer->waiting());
}

TEST_F(EventsTest, AStoppingServerEndsStreams) {
  const Exchange stream = get("/v1/images/" + upload() + "/events");
  stream.answer->run_all();
  EXPECT_TRUE(stream.answer->captured_stream()->closed());
  stream.answer->run_all();
  EXPECT_FALSE(stream.answer->waiting());
}

}  // namespace
}  // namespace thumbmill
