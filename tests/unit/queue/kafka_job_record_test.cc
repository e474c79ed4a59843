#include <gtest/gtest.h>

#include "fakes/strange_texts.h"
#include "queue/kafka/in_flight.h"
#include "queue/kafka/job_record.h"

namespace thumbmill {
namespace {

JobRecord read(std::string_view key, const KafkaHeaders& headers) {
  return from_record(key, [&](const char* name) -> std::optional<std::string_view> {
    for (const auto& header : headers) {
      if (header.first == name) return header.second;
    }
    return std::nullopt;
  });
}

TEST(KafkaJobRecord, IsReadBack) {
  JobRecord record;
  record.id = "a";
  record.attempts = 3;
  record.first_enqueued = from_unix_ms(1'767'225'600'123);
  record.due = from_unix_ms(1'767'225'660'456);
  record.last_failure = Code::corrupt_input;
  const auto again = read("a", to_headers(record));
  EXPECT_EQ(again.id, "a");
  EXPECT_EQ(again.attempts, 3);
  EXPECT_EQ(again.first_enqueued, record.first_enqueued);
  EXPECT_EQ(again.due, record.due);
  EXPECT_EQ(again.last_failure, Code::corrupt_input);
}

TEST(KafkaJobRecord, HeadersThatAreMissingHaveTheirDefaults) {
  const auto record = read("a", {{"tracing", "of somebody else"}});
  EXPECT_EQ(record.attempts, 0);
  EXPECT_EQ(record.due, from_unix_ms(0));
  EXPECT_EQ(record.last_failure, Code::ok);
}

TEST(KafkaJobRecord, ACodeOfANewerVersionIsAFailureAllTheSame) {
  EXPECT_EQ(read("a", {{"last-failure", "eclipse"}}).last_failure, Code::internal);
}

TEST(KafkaJobRecord, WhatOthersWriteIsAJobForTheWorkerToJudge) {
  for (const std::string& key :
       {std::string(), std::string(kMostIdBytes, 'a'), std::string("\0\xff", 2)}) {
    EXPECT_EQ(read(key, {}).id, key);
  }
  EXPECT_EQ(read(std::string(10'000, 'a'), {}).id, std::string(kMostIdBytes, 'a'));
  for (const char* number : {"", "-1", "1x", " 1", "99999999999999999999"}) {
    for (const char* name : {"attempts", "first-enqueued", "due"}) {
      const JobRecord record = read("a", {{name, number}});
      EXPECT_EQ(record.attempts, 0) << name << ": " << number;
      EXPECT_EQ(record.first_enqueued, WallTime()) << name << ": " << number;
      EXPECT_EQ(record.due, WallTime()) << name << ": " << number;
    }
  }
  EXPECT_EQ(read("a", {{"attempts", "2147483647"}}).attempts, 0) << "no room to count on";
}

TEST(KafkaJobRecord, StrangeTextsStayWithinBounds) {
  for (const std::string& text : strange_texts()) {
    const JobRecord record =
        read(text,
             {{"attempts", text}, {"first-enqueued", text}, {"due", text}, {"last-failure", text}});
    EXPECT_EQ(record.id, text.substr(0, kMostIdBytes));
    EXPECT_GE(record.attempts, 0);
    EXPECT_LE(record.attempts, kMostAttempts);
    JobsInFlight jobs;
    jobs.assign({"jobs", 0}, {7, "1 7:" + text});
    jobs.add({"jobs", 0}, 7, record, SteadyTime());
    EXPECT_EQ(jobs.mark({"jobs", 0}, false).offset, 7);
    EXPECT_EQ(jobs.claim(1, SteadyTime(), std::chrono::seconds(1)).size(), 1u);
  }
}

}  // namespace
}  // namespace thumbmill
