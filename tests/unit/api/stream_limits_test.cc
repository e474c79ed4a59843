// What event streams may cost: how much of one is kept for a client that does not read, and how
// many there may be.
#include <fmt/format.h>

#include "notify/event_fan_out.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kMostUnread = 16 * 1024;  // of one stream: a page of events

class StreamLimitsTest : public ApiFixture {
 protected:
  ~StreamLimitsTest() override { end_answers(); }

  void publish(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      notifier_.publish({.id = kId, .state = JobState::running, .at = clock_.wall_now()});
    }
  }
  static std::shared_ptr<CapturedStream> stream_of(const Exchange& exchange) {
    return exchange.answer->captured_stream();
  }
  // The sequences of the events that have been sent.
  static std::vector<std::uint64_t> sequences(const std::string& text) {
    std::vector<std::uint64_t> found;
    for (std::size_t at = text.find("id: "); at != std::string::npos; at = text.find("id: ", at)) {
      at += 4;
      found.push_back(std::stoull(text.substr(at, text.find('\n', at) - at)));
    }
    return found;
  }
  // From one address or with one key, on a service with these limits.
  Exchange open_stream(const std::string& target, const FieldList& fields = {}) {
    if (service == nullptr) {
      service = std::make_unique<ApiService>(settings(spool_.path()), api_parts(), GuardSettings{},
                                             SiteSettings{}, limits_);
    }
    return call_on(*service, "GET", target, fields);
  }
  double refused(std::string_view reason) const {
    return metrics_.value(metric::kHttpRejected, {reason});
  }

  static constexpr const char* kId = "0192f3a4-5b6c-7d8e-9f01-23456789abcd";
  StreamLimits limits_;
  std::unique_ptr<ApiService> service;
};

TEST_F(StreamLimitsTest, ReplayCostsAPageUntilItIsRead) {
  publish(EventFanOut::kRemembered);
  hold_streams();
  for (int i = 0; i < 20; ++i) {
    const Exchange stream = get("/v1/events", {{"Last-Event-ID", "0"}});
    EXPECT_LE(stream_of(stream)->text().size(), kMostUnread);
    EXPECT_FALSE(stream_of(stream)->closed());
  }
}

TEST_F(StreamLimitsTest, ReplayGoesOnAsItIsReadAndMissesNothing) {
  publish(1'000);
  hold_streams();
  const auto stream = stream_of(get("/v1/events", {{"Last-Event-ID", "10"}}));
  std::size_t before = 0;
  while (stream->text().size() > before) {
    EXPECT_LE(stream->text().size() - before, kMostUnread);
    before = stream->text().size();
    publish(1);  // events that come meanwhile come behind
    if (sequences(stream->text()).back() > 1'000) break;
    stream->read_on();
  }
  const std::vector<std::uint64_t> seen = sequences(stream->text());
  ASSERT_FALSE(seen.empty());
  for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], 11 + i);
  EXPECT_GT(seen.back(), 1'000U);
}

TEST_F(StreamLimitsTest, EventsForAClientThatDoesNotReadAreNotKept) {
  hold_streams();
  const auto stream = stream_of(get("/v1/events"));
  publish(1'000);
  EXPECT_LE(stream->text().size(), kMostUnread);
  EXPECT_FALSE(stream->closed());
  // What it was too slow for is forgotten: it has to ask again.
  publish(EventFanOut::kRemembered);
  stream->read_on();
  EXPECT_TRUE(stream->closed());
}

TEST_F(StreamLimitsTest, AQuietClientThatReadsGetsEveryEventAtOnce) {
  const auto stream = stream_of(get("/v1/events"));
  for (std::uint64_t i = 1; i <= 300; ++i) {
    publish(1);
    ASSERT_EQ(sequences(stream->text()).size(), i);
  }
}

TEST_F(StreamLimitsTest, AnIdOfAnotherProcessIsTheLatest) {
  publish(3);
  const auto stream = stream_of(get("/v1/events", {{"Last-Event-ID", "4000000"}}));
  EXPECT_THAT(stream->text(), Not(HasSubstr("id: ")));
  publish(1);
  EXPECT_THAT(sequences(stream->text()), testing::ElementsAre(4U));
}

TEST_F(StreamLimitsTest, OneClientHasSoMany) {
  limits_ = {.streams = 10, .per_client = 2, .exempt = {}};
  const Exchange first = open_stream("/v1/events");
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(open_stream("/v1/images/" + upload() + "/events").status(), 200);
  const Exchange third = open_stream("/v1/events");
  EXPECT_EQ(third.status(), 429);
  EXPECT_EQ(third.text("/code"), "rate-limited");
  EXPECT_THAT(third.text("/detail"), HasSubstr("max-event-streams-per-client (2)"));
  EXPECT_EQ(third.field("Retry-After"), "5");
  EXPECT_EQ(refused("too_many_streams_of_client"), 1);
  stream_of(first)->close();
  EXPECT_EQ(open_stream("/v1/events").status(), 200);
}

TEST_F(StreamLimitsTest, AllClientsHaveSoMany) {
  limits_ = {.streams = 2, .per_client = 0, .exempt = {}};
  const std::string id = upload();
  const Exchange first = open_stream("/v1/images/" + id + "/events");
  EXPECT_EQ(open_stream("/v1/events").status(), 200);
  const Exchange third = open_stream("/v1/events");
  EXPECT_EQ(third.status(), 503);
  EXPECT_THAT(third.text("/detail"), HasSubstr("max-event-streams (2)"));
  EXPECT_EQ(third.field("Retry-After"), "5");
  EXPECT_EQ(refused("too_many_streams"), 1);
  finish_job(id);  // which ends its stream
  EXPECT_TRUE(stream_of(first)->closed());
  EXPECT_EQ(open_stream("/v1/events").status(), 200);
}

TEST_F(StreamLimitsTest, AStreamThatIsNoneTakesNoPlace) {
  limits_ = {.streams = 1, .per_client = 1, .exempt = {}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(open_stream(fmt::format("/v1/images/{}/events", kId)).status(), 404);
  }
  EXPECT_EQ(open_stream("/v1/events").status(), 200);
}

}  // namespace
}  // namespace thumbmill
