// librdkafka's mock of a Kafka cluster, in this process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kafka/handle.h"

struct rd_kafka_mock_cluster_s;

namespace thumbmill {

/// Kinds of requests, as Kafka's protocol numbers them.
namespace kafka_request {
inline constexpr std::int16_t kListOffsets = 2;
inline constexpr std::int16_t kFindCoordinator = 10;
}  // namespace kafka_request

/// One thread at a time. A cluster with all the topics that a queue has, because the mock cannot
/// be asked to make any.
class KafkaCluster {
 public:
  explicit KafkaCluster(int partitions, int brokers = 1);
  ~KafkaCluster();

  /// A URL for parse_kafka_url().
  std::string url() const;
  /// Host:port,...
  std::string servers() const;

  /// Makes the brokers unreachable, or reachable again.
  void set_away(bool away);
  /// Broker 1, 2 and so on leads all partitions of `jobs` from now on; 0: none does. Takes a second
  /// for each of them.
  void set_leader_of_jobs(int broker);
  /// The next `count` requests of that kind, by its number in the protocol, are answered with
  /// `error`.
  void fail_requests(std::int16_t kind, std::size_t count, rd_kafka_resp_err_t error);
  /// No more of them are.
  void stop_failing(std::int16_t kind);

 private:
  KafkaOwned<rd_kafka_t> handle_;
  rd_kafka_mock_cluster_s* cluster_;  // owned
  const int partitions_;
  const int brokers_;
};

}  // namespace thumbmill
