// What others put where records of ours are read: ignored, whatever it is.
#include <gtest/gtest.h>

#include "fakes/named_id.h"
#include "fakes/strange_json.h"
#include "model/idempotency_record.h"
#include "model/job.h"
#include "model/job_result.h"
#include "model/json.h"
#include "model/object_key.h"

namespace thumbmill {
namespace {

TEST(StrangeRecords, NoneIsAJobThatCouldNotBeOurs) {
  Job job;
  job.renditions = {RenditionSpec{.format = ImageFormat::webp, .background = Color{1, 2, 3}},
                    RenditionSpec{.name = "large"}};
  job.name = "photo.jpg";
  job.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::string good = encode_job(job).value().at("job");
  for (const std::string& text : strange_records(good)) {
    const Result<Job> read = decode_job({{"job", text}});
    if (read.ok()) {
      EXPECT_TRUE(validate(read->renditions).ok()) << text.substr(0, 200);
    } else {
      EXPECT_EQ(read.status().code(), Code::corrupt_input) << text.substr(0, 200);
    }
  }
}

TEST(StrangeRecords, NoneIsAResultThatCouldNotBeOurs) {
  JobResult done;
  done.renditions = {
      {"thumb", ImageFormat::jpeg, {.width = 9, .height = 8}, 7, "placeholder", "#010203"}};
  JobResult failed;
  failed.failure = JobFailure{Code::corrupt_input, "damaged"};
  for (const JobResult& good : {done, failed}) {
    for (const std::string& text : strange_records(encode_job_result(good))) {
      const Result<JobResult> read = decode_job_result(text);
      if (!read.ok()) {
        EXPECT_EQ(read.status().code(), Code::corrupt_input) << text.substr(0, 200);
        continue;
      }
      for (const RenditionResult& rendition : read->renditions) {
        const std::string key = thumb_key(named_id("a"), rendition.name, rendition.format);
        EXPECT_TRUE(is_object_key(key)) << key;
      }
    }
  }
}

TEST(StrangeRecords, NoneIsAnIdempotencyRecordThatCouldNotBeOurs) {
  const IdempotencyRecord good{named_id("a"), "print", from_unix_ms(1)};
  for (const std::string& text : strange_records(encode_idempotency_record(good))) {
    const Result<IdempotencyRecord> read = decode_idempotency_record(text);
    if (read.ok()) {
      EXPECT_EQ(read->id, good.id) << text.substr(0, 200);
    } else {
      EXPECT_EQ(read.status().code(), Code::corrupt_input) << text.substr(0, 200);
    }
  }
}

TEST(StrangeRecords, NoneIsAnIdOrAKeyOfOurs) {
  for (const std::string& text : strange_texts()) {
    EXPECT_FALSE(JobId::parse(text)) << text.substr(0, 200);
    for (const std::string& key :
         {text, "uploads/" + text, "uploads/f/" + text, upload_key(named_id("a")) + text + "x",
          "idempotency/f/" + text}) {
      EXPECT_FALSE(id_from_key(key)) << key.substr(0, 200);
      EXPECT_FALSE(is_idempotency_key(key)) << key.substr(0, 200);
    }
  }
}

}  // namespace
}  // namespace thumbmill
