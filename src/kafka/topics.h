// Makes the topics that are missing, and says what the cluster has of one.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/handle.h"

namespace thumbmill {

/// A topic as we want it.
struct KafkaTopic {
  std::string name;
  int partitions = 1;
  /// For how long records are kept, about.
  std::chrono::milliseconds kept_for = std::chrono::hours(7 * 24);
};

/// A topic as the cluster has it.
struct KafkaTopicState {
  int partitions = 0;  ///< 0: there is no such topic
  int leaderless = 0;  ///< partitions that cannot be read or written now
  int leader = -1;     ///< the id of the broker that leads the first partition; -1: none does
  int replicas = 0;    ///< of the partition that has the fewest in sync
  int in_sync = 0;     ///< of these replicas

  bool is_usable() const { return partitions > 0 && leaderless == 0; }
};

/// Asks the cluster. From then on `handle` knows the topic's partitions and their leaders as they
/// are now, where it might otherwise go by an answer of some minutes ago. unavailable.
Result<KafkaTopicState> kafka_topic_state(rd_kafka_t& handle, const std::string& topic,
                                          int timeout_ms);

/// Whether reading failed because the topic is not there, or not the one it was.
bool is_of_deleted_topic(rd_kafka_resp_err_t error);

/// Thread-safe; several threads, and processes, may make the same topics at once.
class KafkaTopics {
 public:
  /// `replication`: how many brokers have each record; -1: what the cluster has as its default.
  /// `log` outlives it.
  KafkaTopics(std::vector<KafkaTopic> topics, int replication, Logger& log)
      : topics_(std::move(topics)), replication_(replication), log_(log) {}

  /// Makes the topics that are missing, and returns once `handle`, any handle of the cluster, can
  /// use them. Asks the cluster at the first call and after invalidate(). An existing topic is left
  /// as it is; where its partitions or settings may lose or delay jobs, a warning says so, once.
  /// unavailable, also where the user may not make topics.
  Status ensure(rd_kafka_t& handle, int timeout_ms);

  /// To be called when a call has failed: a topic may have been deleted, so the next ensure() asks
  /// the cluster again.
  void invalidate() { there_ = false; }

 private:
  Status make(rd_kafka_t& handle, const std::vector<KafkaTopic>& topics, int timeout_ms) const;
  /// `broker`: the id of the one to ask.
  void warn_of_settings(rd_kafka_t& handle, const std::vector<KafkaTopic>& topics, int broker,
                        int timeout_ms) const;

  const std::vector<KafkaTopic> topics_;
  const int replication_;
  Logger& log_;
  std::atomic<bool> there_ = false;
  std::atomic<bool> warned_ = false;
};

}  // namespace thumbmill
