#include "notify/event_line.h"

#include <gtest/gtest.h>

#include "fakes/named_id.h"
#include "fakes/strange_texts.h"

namespace thumbmill {
namespace {

TEST(EventLine, IsReadBack) {
  JobEvent done;
  done.id = named_id("a");
  done.state = JobState::done;
  done.attempt = 2;
  done.worker_time = std::chrono::microseconds(12'345);
  const auto line = from_event_line(to_event_line("me", done));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->origin, "me");
  EXPECT_EQ(line->event.id, done.id);
  EXPECT_EQ(line->event.state, JobState::done);
  EXPECT_EQ(line->event.code, "");
  EXPECT_EQ(line->event.attempt, 2);
  EXPECT_EQ(line->event.worker_time, done.worker_time);
}

TEST(EventLine, PassesOverWhatIsNotOurs) {
  const std::string id = named_id("a");
  for (const std::string& line :
       {std::string(), std::string(" "), std::string("1"), "1 me " + id + " done 12 1 5",
        "2 me " + id + " done 12 1 5 ", "1 me " + id + " dreaming 12 1 5 ",
        "1 me " + id + " done 12x 1 5 ", "1 me " + id + " done  1 5 ",
        std::string("1 me  done 12 1 5 "), std::string("1 me a done 12 1 5 "),
        "1 me " + id + " done 12 x 5 ", "1 me " + id + " done 12 -1 5 ",
        "1 me " + id + " done 12 1 5x ", "1 me " + id + " done 12 1 -5 "}) {
    EXPECT_FALSE(from_event_line(line)) << line;
  }
  EXPECT_TRUE(from_event_line("1 me " + id + " done 12 1 5 "));
}

TEST(EventLine, HasACodeThatIsKnown) {
  const std::string before = "1 me " + named_id("a").text() + " failed 12 1 5 ";
  EXPECT_EQ(from_event_line(before + "corrupt_input")->event.code, "corrupt_input");
  for (const std::string& code : {std::string("eclipse"), std::string("corrupt_input "),
                                  std::string(" "), std::string("\0", 1)}) {
    EXPECT_FALSE(from_event_line(before + code)) << code;
  }
  for (const std::string& code : strange_texts()) {
    if (code.empty()) continue;
    EXPECT_FALSE(from_event_line(before + code)) << code.substr(0, 200);
  }
}

TEST(EventLine, IsShort) {
  const std::string after = " " + named_id("a").text() + " done 12 1 5 ";
  EXPECT_TRUE(from_event_line("1 " + std::string(16, 'f') + after));
  EXPECT_FALSE(from_event_line("1 " + std::string(1'000, 'f') + after));
}

TEST(EventLine, StrangeWordsMakeNoEvent) {
  const std::string id = named_id("a");
  for (const std::string& text : strange_texts()) {
    EXPECT_FALSE(from_event_line(text)) << text.substr(0, 200);
    EXPECT_FALSE(from_event_line("1 me " + text + " done 12 1 5 ")) << text.substr(0, 200);
    EXPECT_FALSE(from_event_line("1 me " + id + " " + text + " 12 1 5 ")) << text.substr(0, 200);
  }
}

}  // namespace
}  // namespace thumbmill
