// A KafkaQueue for JobQueueSuite, on whatever cluster.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "conformance/job_queue_suite.h"
#include "fakes/quiet.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {

/// Writes what others may write into the topics of a queue.
inline void write_foreign_records(const std::string& url) {
  SystemClock clock;
  const KafkaOptions options = parse_kafka_url(url).value();
  const auto producer = KafkaProducer::open(options, clock).value();
  const auto write = [&](std::string_view key, const KafkaHeaders& headers) {
    const Status written = producer->publish(options.name("jobs"), key, headers, {});
    EXPECT_TRUE(written.ok()) << written.to_string();
  };
  write("hello", {});
  write("", {});
  write(std::string(10'000, 'x'), {});
  for (const char* number : {"", "-1", "many", "9223372036854775807", "99999999999999999999"}) {
    for (const char* name : {"attempts", "first-enqueued", "due"}) {
      write(std::string(name) + " " + number, {{name, number}});
    }
  }
}

/// A queue for one process alone, so that no answer depends on time. `cluster` lives as long.
inline QueueUnderTest kafka_under_test(std::shared_ptr<void> cluster, const std::string& url,
                                       SimClock& clock) {
  struct Surroundings {
    std::shared_ptr<void> cluster;
    NoLogger log;
  };
  auto surroundings = std::make_shared<Surroundings>();
  surroundings->cluster = std::move(cluster);
  auto queue =
      KafkaQueue::open(parse_kafka_url(url).value(), clock, surroundings->log, {.alone = true})
          .value();
  const auto write_foreign = [url, &queue = *queue] {
    EXPECT_TRUE(queue.check({}).ok()) << "makes the topics";
    write_foreign_records(url);
  };
  return {surroundings, std::move(queue), write_foreign};
}

}  // namespace thumbmill
