// A real Kafka for the tests of one program, as tests/kafka/broker starts it, and what an
// administrator does to its topics.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "kafka/handle.h"

namespace thumbmill {

/// Runs from construction until it goes. One thread at a time.
class RealKafka {
 public:
  /// `brokers`: 1 or 3. `settings`: NAME=VALUE of each broker.
  explicit RealKafka(int brokers, const std::vector<std::string>& settings = {});
  ~RealKafka();
  RealKafka(const RealKafka&) = delete;
  RealKafka& operator=(const RealKafka&) = delete;

  /// Empty when it answers; else why it cannot be had here, for GTEST_SKIP.
  const std::string& missing() const { return missing_; }

  /// HOST:PORT,... of plaintext, sasl_plaintext, ssl or sasl_ssl.
  const std::string& servers(const std::string& listener = "plaintext") const;
  const std::string& ca_file() const { return words_.at("ca"); }

  /// Has tests/kafka/broker do something, such as "kill 1". Throws when it cannot.
  void command(const std::string& words);

 private:
  std::string read_line();

  std::string missing_;
  pid_t pid_ = -1;
  UniqueFd input_;  // it ends when this is closed
  UniqueFd output_;
  std::map<std::string, std::string> words_;
};

/// A prefix of topics that nobody has used before.
std::string new_kafka_prefix();

/// kafka://SERVERS?prefix=PREFIX&PARAMETERS
std::string kafka_url(const std::string& servers, const std::string& prefix,
                      const std::string& parameters = "");

/// As an administrator's tools would do it. One thread at a time; each call throws when the cluster
/// refuses.
class KafkaAdmin {
 public:
  explicit KafkaAdmin(const std::string& servers);

  void make_topic(const std::string& topic, int partitions,
                  const std::map<std::string, std::string>& settings);
  void delete_topic(const std::string& topic);
  void set_partitions(const std::string& topic, int partitions);
  /// The value in force.
  std::string setting(const std::string& topic, const std::string& name);
  int partitions(const std::string& topic);
  /// How many brokers have its first partition.
  int replicas(const std::string& topic);
  /// What docs/kafka.md tells administrators to allow.
  void allow_prefix(const std::string& user, const std::string& prefix);

 private:
  KafkaOwned<rd_kafka_t> handle_;
};

}  // namespace thumbmill
