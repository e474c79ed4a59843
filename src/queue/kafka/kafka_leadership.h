// KafkaLeadership: Leadership among the processes that share a Kafka, by the membership of a
// consumer group: who is given the one partition of the topic `leader` leads.
// docs/formats/queue-kafka.md.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "kafka/topics.h"
#include "queue/leadership.h"

namespace thumbmill {

/// Thread-safe. `clock` outlives it.
class KafkaLeadership final : public Leadership {
 public:
  KafkaLeadership(KafkaOptions options, const Clock& clock);
  ~KafkaLeadership() override;

  /// Joining takes a few seconds: the first calls answer false also where nobody leads.
  Result<bool> hold(std::string_view role, std::chrono::milliseconds ttl,
                    const OpContext& context) override;
  Status release(std::string_view role, const OpContext& context) override;

 private:
  Result<KafkaOwned<rd_kafka_t>> join(std::string_view role, std::chrono::milliseconds ttl,
                                      const OpContext& context);

  const KafkaOptions options_;
  const Clock& clock_;
  KafkaTopics topics_;

  std::mutex mutex_;  // never held across a wait for the cluster
  std::map<std::string, KafkaOwned<rd_kafka_t>, std::less<>>
      members_;  // guarded by mutex_; by role
};

}  // namespace thumbmill
