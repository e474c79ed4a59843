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
// How soon a member notices that the topic was made: a broker that it asked may hear of that late.
constexpr const char* kMetadataRefreshMs = "10000";

struct TextDeleter {
  void operator()(char* text) const { rd_kafka_mem_free(nullptr, text); }
};

// A handle that has not joined has no id yet, or an empty one.
bool is_in_group(rd_kafka_t& handle) {
  const std::unique_ptr<char, TextDeleter> id(rd_kafka_memberid(&handle));
  return id != nullptr && *id != '\0';
}

}  // namespace

KafkaLeadership::KafkaLeadership(KafkaOptions options, const Clock& clock, Logger& log)
    : options_(std::move(options)),
      clock_(clock),
      topics_({{options_.name(kTopic), 1}}, options_.replication, log) {}

KafkaLeadership::~KafkaLeadership() {
  for (const auto& member : members_) rd_kafka_consumer_close(member.second.get());
}

Result<KafkaLeadership::Member> KafkaLeadership::join(std::string_view role, milliseconds ttl,
                                                      const OpContext& context) {
  const auto session = std::max(ttl, kShortestSession);
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_conf_t> conf,
                   kafka_conf(options_, {{"group.id", options_.name(fmt::format("lead.{}", role))},
                                         {"enable.auto.commit", "false"},
                                         {"partition.assignment.strategy", kStrategy},
                                         {"topic.metadata.refresh.interval.ms", kMetadataRefreshMs},
                                         {"session.timeout.ms", std::to_string(session.count())}}));
  ASSIGN_OR_RETURN(KafkaOwned<rd_kafka_t> member,
                   open_kafka(RD_KAFKA_CONSUMER, std::move(conf), nullptr));
  // Before it subscribes: a member that finds no topic looks for it again only at a refresh.
  RETURN_IF_ERROR(topics_.ensure(*member, kafka_timeout_ms(context, clock_)));
  rd_kafka_poll_set_consumer(member.get());
  const KafkaList topic = kafka_list({{options_.name(kTopic), RD_KAFKA_PARTITION_UA}});
  RETURN_IF_ERROR(
      kafka_status(*member, rd_kafka_subscribe(member.get(), topic.get()), "joining for the lead"));
  return Member(std::move(member));
}

Result<KafkaLeadership::Member> KafkaLeadership::member(std::string_view role, milliseconds ttl,
                                                        const OpContext& context) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(role);
    if (found != members_.end()) return found->second;
  }
  ASSIGN_OR_RETURN(Member joining, join(role, ttl, context));
  const std::lock_guard lock(mutex_);
  return members_.emplace(role, std::move(joining)).first->second;
}

Result<bool> KafkaLeadership::hold(std::string_view role, milliseconds ttl,
                                   const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  ASSIGN_OR_RETURN(const Member asked, member(role, ttl, context));
  // Takes in what the group has decided meanwhile. Nobody writes to the topic: what comes is a
  // failure, and may be that the topic has been deleted.
  while (KafkaOwned<rd_kafka_message_t>(rd_kafka_consumer_poll(asked.get(), 0)))
    topics_.invalidate();
  RETURN_IF_ERROR(topics_.ensure(*asked, kafka_timeout_ms(context, clock_)));
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  RETURN_IF_ERROR(
      kafka_status(*asked, rd_kafka_assignment(asked.get(), &assigned), "asking who leads"));
  const KafkaList owned(assigned);
  if (owned->cnt > 0) return rd_kafka_assignment_lost(asked.get()) == 0;
  if (is_in_group(*asked)) return false;
  return kafka_status(*asked, RD_KAFKA_RESP_ERR__WAIT_COORD, "joining those who may lead");
}

Status KafkaLeadership::release(std::string_view role, const OpContext&) {
  Member leaving;
  {
    const std::lock_guard lock(mutex_);
    const auto found = members_.find(role);
    if (found == members_.end()) return Status();
    leaving = std::move(found->second);
    members_.erase(found);
  }
  return kafka_status(*leaving, rd_kafka_consumer_close(leaving.get()), "leaving the lead");
}

}  // namespace thumbmill
