// KafkaLeadership: Leadership among the processes that share a Kafka, by the membership of a
// consumer group: who is given the one partition of the topic `leader` leads.
// docs/formats/queue-kafka.md.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "kafka/topics.h"
#include "queue/leadership.h"

namespace thumbmill {

/// Thread-safe. `clock` and `log` outlive it.
class KafkaLeadership final : public Leadership {
 public:
  KafkaLeadership(KafkaOptions options, const Clock& clock, Logger& log);
  ~KafkaLeadership() override;

  /// Joining takes a few seconds, in which calls are unavailable: only a member of the group knows
  /// whether another leads.
  Result<bool> hold(std::string_view role, std::chrono::milliseconds ttl,
                    const OpContext& context) override;
  Status release(std::string_view role, const OpContext& context) override;

 private:
  using Member = std::shared_ptr<rd_kafka_t>;

  Result<Member> member(std::string_view role, std::chrono::milliseconds ttl,
                        const OpContext& context);
  Result<Member> join(std::string_view role, std::chrono::milliseconds ttl,
                      const OpContext& context);

  const KafkaOptions options_;
  const Clock& clock_;
  KafkaTopics topics_;

  std::mutex mutex_;  // never held across a wait for the cluster
  // By role; guarded by mutex_. Owned also by the calls that ask a member while it leaves.
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace thumbmill
