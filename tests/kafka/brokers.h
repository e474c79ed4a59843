// The clusters that the tests of this program share: each starts once, when first asked for.
#pragma once

#include <cstdlib>

#include "kafka/real_kafka.h"

namespace thumbmill {

/// One broker, whose defaults for topics are not good for ours.
inline RealKafka& one_broker() {
  static RealKafka kafka(1, {"log.cleanup.policy=compact", "auto.create.topics.enable=true"});
  return kafka;
}

/// Three brokers that make no topics by themselves.
inline RealKafka& three_brokers() {
  static RealKafka kafka(3, {"auto.create.topics.enable=false"});
  return kafka;
}

/// HOST:PORT of a Kafka that was given to the tests; null: none.
inline const char* given_kafka() { return std::getenv("THUMBMILL_TEST_KAFKA"); }

}  // namespace thumbmill

/// For the body of a test or of its SetUp().
#define SKIP_WITHOUT(kafka) \
  if (!(kafka).missing().empty()) GTEST_SKIP() << (kafka).missing()
