#include "notify/event_line.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(EventLine, IsReadBack) {
  JobEvent done;
  done.id = "a";
  done.state = JobState::done;
  done.attempt = 2;
  done.worker_time = std::chrono::microseconds(12'345);
  const auto line = from_event_line(to_event_line("me", done));
  ASSERT_TRUE(line);
  EXPECT_EQ(line->origin, "me");
  EXPECT_EQ(line->event.id, "a");
  EXPECT_EQ(line->event.state, JobState::done);
  EXPECT_EQ(line->event.code, "");
  EXPECT_EQ(line->event.attempt, 2);
  EXPECT_EQ(line->event.worker_time, done.worker_time);
}

TEST(EventLine, PassesOverWhatIsNotOurs) {
  for (const char* line : {"", " ", "1", "1 me a done 12 1 5", "2 me a done 12 1 5 ",
                           "1 me a dreaming 12 1 5 ", "1 me a done 12x 1 5 ", "1 me a done  1 5 ",
                           "1 me  done 12 1 5 ", "1 me a done 12 x 5 ", "1 me a done 12 1 5x "}) {
    EXPECT_FALSE(from_event_line(line)) << line;
  }
  EXPECT_TRUE(from_event_line("1 me a done 12 1 5 "));
}

}  // namespace
}  // namespace thumbmill
