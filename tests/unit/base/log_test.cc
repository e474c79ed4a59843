#include "base/log.h"

#include <limits>

#include <boost/json/object.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temp_file.h"
#include "fakes/sim_clock.h"
#include "model/json.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

class LogTest : public ::testing::Test {
 protected:
  LogTest() { EXPECT_EQ(::pipe(ends_), 0); }
  ~LogTest() override {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  std::string written() {
    std::string text(8192, '\0');
    const ssize_t got = ::read(ends_[0], text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  int ends_[2] = {-1, -1};
  SimClock clock_;
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  FdLogger logger(ends_[1], LogFormat::json, LogLevel::info, clock_);
  logger.info("job done", {{"job_id", "x"},
                           {"bytes", std::size_t{12}},
                           {"seconds", 0.25},
                           {"kept", true},
                           {"left", -1},
                           {"ratio", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(written(),
            R"({"time":"2026-01-01T00:00:00.000Z","level":"info","message":"job done",)"
            R"("job_id":"x","bytes":12,"seconds":0.25,"kept":true,"left":-1,"ratio":null})"
            "\n");
}

TEST_F(LogTest, EscapesWhatClientsSend) {
  FdLogger logger(ends_[1], LogFormat::json, LogLevel::info, clock_);
  const std::string hostile("\"},\n{\"a\\\t\0\x7f\x1b[2J"s);
  logger.warning("name", {{"name", hostile}});
  const std::string line = written();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto object = json::parse_object(line, "the line").value();
  EXPECT_EQ(json::get_string(object, "name"), hostile);
}

// Not UTF-8: stray and cut sequences, overlong forms, surrogates, beyond the last code point.
TEST_F(LogTest, ReplacesBytesThatAreNotUtf8) {
  FdLogger logger(ends_[1], LogFormat::json, LogLevel::info, clock_);
  for (const char* bad : {"\xff", "\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf",
                          "\xf0\x80\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88"}) {
    logger.info("name", {{"name", std::string("a") + bad + "z"}});
    const auto object = json::parse_object(written(), "the line");
    ASSERT_TRUE(object.ok()) << ::testing::PrintToString(bad);
    const std::string name = json::get_string(*object, "name").value();
    EXPECT_THAT(name, ::testing::MatchesRegex("a(\xef\xbf\xbd)+z"));
  }
  logger.info("name", {{"name", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"}});
  EXPECT_THAT(written(), HasSubstr("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
}

TEST_F(LogTest, LeavesOutWhatIsBelowItsLevel) {
  FdLogger logger(ends_[1], LogFormat::json, LogLevel::warning, clock_);
  logger.debug("no");
  logger.info("no");
  logger.warning("first");
  logger.error("second");
  const std::string text = written();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_THAT(text, ::testing::Not(HasSubstr("no\"")));
}

TEST_F(LogTest, TextIsOneLineForPeople) {
  FdLogger logger(ends_[1], LogFormat::text, LogLevel::info, clock_);
  logger.error("failed", {{"name", "a\nb"}});
  EXPECT_EQ(written(), "00:00:00.000 error   failed  name=\"a\\nb\"\n");
}

TEST_F(LogTest, AClosedDescriptorIsNoFailure) {
  FdLogger logger(-1, LogFormat::json, LogLevel::info, clock_);
  logger.info("lost");
}

}  // namespace
}  // namespace thumbmill
