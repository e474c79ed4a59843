// librdkafka's mock of a Kafka cluster, in this process.
#pragma once

#include <memory>
#include <string>

#include "kafka/handle.h"

struct rd_kafka_mock_cluster_s;

namespace thumbmill {

/// One thread at a time. A cluster with all the topics that a queue has, because the mock cannot
/// be asked to make any.
class KafkaCluster {
 public:
  explicit KafkaCluster(int partitions);
  ~KafkaCluster();

  /// A URL for parse_kafka_url().
  std::string url() const;
  /// Host:port,...
  std::string servers() const;

  /// Makes the brokers unreachable, or reachable again.
  void set_away(bool away);

 private:
  KafkaOwned<rd_kafka_t> handle_;
  rd_kafka_mock_cluster_s* cluster_;  // owned
};

}  // namespace thumbmill
