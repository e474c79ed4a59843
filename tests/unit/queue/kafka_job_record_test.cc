#include <gtest/gtest.h>

#include "queue/kafka/job_record.h"

namespace thumbmill {
namespace {

std::optional<JobRecord> read(std::string_view key, const KafkaHeaders& headers) {
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
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, "a");
  EXPECT_EQ(again->attempts, 3);
  EXPECT_EQ(again->first_enqueued, record.first_enqueued);
  EXPECT_EQ(again->due, record.due);
  EXPECT_EQ(again->last_failure, Code::corrupt_input);
}

TEST(KafkaJobRecord, HeadersThatAreMissingHaveTheirDefaults) {
  const auto record = read("a", {{"tracing", "of somebody else"}});
  ASSERT_TRUE(record);
  EXPECT_EQ(record->attempts, 0);
  EXPECT_EQ(record->due, from_unix_ms(0));
  EXPECT_EQ(record->last_failure, Code::ok);
}

TEST(KafkaJobRecord, ACodeOfANewerVersionIsAFailureAllTheSame) {
  EXPECT_EQ(read("a", {{"last-failure", "eclipse"}})->last_failure, Code::internal);
}

TEST(KafkaJobRecord, PassesOverWhatIsNotOurs) {
  EXPECT_FALSE(read("", {}));
  EXPECT_FALSE(read(std::string(257, 'a'), {}));
  for (const char* number : {"", "-1", "1x", " 1", "99999999999999999999"}) {
    for (const char* name : {"attempts", "first-enqueued", "due"}) {
      EXPECT_FALSE(read("a", {{name, number}})) << name << ": " << number;
    }
  }
  EXPECT_FALSE(read("a", {{"attempts", "4294967296"}}));
}

}  // namespace
}  // namespace thumbmill
