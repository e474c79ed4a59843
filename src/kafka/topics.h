// Makes the topics that are missing.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "kafka/handle.h"

namespace thumbmill {

struct KafkaTopic {
  std::string name;
  int partitions = 1;
  /// For how long records are kept, about; nothing: as long as the cluster keeps any.
  std::optional<std::chrono::milliseconds> kept_for = {};
};

/// Thread-safe; several threads, and processes, may make the same topics at once.
class KafkaTopics {
 public:
  KafkaTopics(std::vector<KafkaTopic> topics, int replication)
      : topics_(std::move(topics)), replication_(replication) {}

  /// Makes those of the topics that are not there, once in the object's life; `handle` is any
  /// handle of the cluster. A topic that is there is left as it is, whatever its partitions.
  /// unavailable, also where the login may not make topics.
  Status ensure(rd_kafka_t& handle, int timeout_ms);

 private:
  Result<std::vector<KafkaTopic>> missing(rd_kafka_t& handle, int timeout_ms) const;
  Status make(rd_kafka_t& handle, const std::vector<KafkaTopic>& topics, int timeout_ms) const;

  const std::vector<KafkaTopic> topics_;
  const int replication_;
  std::atomic<bool> there_ = false;
};

/// How many partitions `topic` has, as the cluster says. unavailable, also where it is not there.
Result<int> kafka_partition_count(rd_kafka_t& handle, const std::string& topic, int timeout_ms);

}  // namespace thumbmill
