// Where a Kafka cluster is and how to log in: KafkaOptions, and the URLs that people write for
// them.
//
// Used by queue/kafka and notify/kafka. Says nothing of what is done there.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace thumbmill {

/// How to reach one Kafka cluster, and how its topics are named and made. Value.
struct KafkaOptions {
  std::string servers;  ///< host:port,...: any of the brokers
  std::string user;     ///< empty: no login
  std::string password;
  std::string security = "plaintext";  ///< librdkafka's security.protocol, in small letters
  std::string mechanism = "PLAIN";     ///< librdkafka's sasl.mechanisms; with a user only
  std::string ca_file;                 ///< PEM, for TLS; empty: the system's authorities
  std::string prefix = "thumbmill";    ///< of the names of the topics
  std::string group = "workers";       ///< the consumer group is `prefix`.`group`
  int partitions = 12;                 ///< of topics that have to be made
  int replication = -1;                ///< likewise; -1: the cluster's default.replication.factor

  /// Who is meant, for logs and messages; never the password.
  const std::string& to_string() const { return servers; }

  /// `prefix`.`name`: a topic or a group.
  std::string name(std::string_view name) const;
};

/// Reads `kafka://[user:password@]host[:port][,host[:port]...][?name=value&...]`, port 9092 by
/// default. Names: prefix and group ([A-Za-z0-9._-]), partitions (1 to 10000), replication (1 to
/// 100), security (plaintext, ssl, sasl_plaintext, sasl_ssl), mechanism (PLAIN, SCRAM-SHA-256,
/// SCRAM-SHA-512), ca (a file). User, password and values are percent-encoded where they hold one
/// of `:@/?#%&`. invalid_argument, which says what is wrong and never repeats the password.
Result<KafkaOptions> parse_kafka_url(std::string_view url);

}  // namespace thumbmill
