#include "queue/kafka/kafka_leadership.h"

#include <algorithm>

#include <fmt/format.h>

#include "queue/kafka/offsets.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr const char* kTopic = "leader";
// The least that brokers allow by default (group.min.session.timeout.ms).
constexpr milliseconds kShortestSession{6'000};

// One partition has no share to keep; and librdkafka before 2.3 aborts the process when a member of
// a cooperative group leaves before its first assignment (its issue 4312).
constexpr const char* kStrategy = "range";

}  // namespace

KafkaLeadership::KafkaLeadership(KafkaOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      topics_({{options_.name(kTopic), 1}}, options_.replication) {}

KafkaLeadership::~KafkaLeadership() {
  for (const auto& member : members_) rd_kafka_consumer_close(member.second.get());
}

Result<KafkaOwned<rd_kafka_t>> KafkaLeadership::join(std::string_view role, milliseconds ttl,
                                                     const OpContext& context) {
  const auto session = std::max(ttl, kShortestSession);
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                   kafka_conf(options_, {{"group.id", options_.name(fmt::format("lead.{}", role))},
                                         {"enable.auto.commit", "false"},
                                         {"partition.assignment.strategy", kStrategy},
                                         {"session.timeout.ms", std::to_string(session.count())}}));
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_t> member,
                   open_kafka(RD_KAFKA_CONSUMER, std::move(conf), nullptr));
  RETURN_IF_ERROR(topics_.ensure(*member, kafka_timeout_ms(context, clock_)));
  rd_kafka_poll_set_consumer(member.get());
  const KafkaList topic = kafka_list({{options_.name(kTopic), RD_KAFKA_PARTITION_UA}});
  RETURN_IF_ERROR(
      kafka_status(rd_kafka_subscribe(member.get(), topic.get()), "joining for the lead"));
  return member;
}

Result<bool> KafkaLeadership::hold(std::string_view role, milliseconds ttl,
                                   const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  std::unique_lock lock(mutex_);
  if (!members_.contains(role)) {
    lock.unlock();
    ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_t> member, join(role, ttl, context));
    lock.lock();
    members_.emplace(role, std::move(member));
  }
  rd_kafka_t* member = members_.find(role)->second.get();
  // Takes in what the group has decided meanwhile; nobody writes to the topic.
  while (KafkaOwned<rd_kafka_message_t>(rd_kafka_consumer_poll(member, 0))) continue;
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  RETURN_IF_ERROR(kafka_status(rd_kafka_assignment(member, &assigned), "asking who leads"));
  const KafkaList owned(assigned);
  return owned->cnt > 0 && rd_kafka_assignment_lost(member) == 0;
}

Status KafkaLeadership::release(std::string_view role, const OpContext&) {
  KafkaOwned<rd_kafka_t> member;
  {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(role);
    if (found == members_.end()) return Status();
    member = std::move(found->second);
    members_.erase(found);
  }
  return kafka_status(rd_kafka_consumer_close(member.get()), "leaving the lead");
}

}  // namespace thumbmill
