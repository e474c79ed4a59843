#include "kafka/topics.h"

#include <set>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr std::size_t kMessageSize = 256;

struct AdminDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

template <typename T>
using Owned = std::unique_ptr<T, AdminDeleter>;

Status of_event(rd_kafka_event_t* event) {
  if (event == nullptr) return kafka_status(RD_KAFKA_RESP_ERR__TIMED_OUT, "making topics");
  RETURN_IF_ERROR(kafka_status(rd_kafka_event_error(event), "making topics"));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;  // another process was faster
    RETURN_IF_ERROR(kafka_status(
        error, fmt::format("making topic {}", rd_kafka_topic_result_name(results[i]))));
  }
  return Status();
}

}  // namespace

Status KafkaTopics::ensure(rd_kafka_t& handle, int timeout_ms) {
  if (there_) return Status();
  ASSIGN_OR_RETURN(const std::vector<KafkaTopic> topics, missing(handle, timeout_ms));
  if (!topics.empty()) RETURN_IF_ERROR(make(handle, topics, timeout_ms));
  there_ = true;
  return Status();
}

Result<std::vector<KafkaTopic>> KafkaTopics::missing(rd_kafka_t& handle, int timeout_ms) const {
  // Of all topics: asking for one by name may make it, with the cluster's own partition count.
  const rd_kafka_metadata_t* found = nullptr;
  RETURN_IF_ERROR(
      kafka_status(rd_kafka_metadata(&handle, 1, nullptr, &found, timeout_ms), "listing topics"));
  const KafkaOwned<const rd_kafka_metadata_t> owned(found);
  std::set<std::string_view> there;
  for (int i = 0; i < found->topic_cnt; ++i) there.insert(found->topics[i].topic);
  std::vector<KafkaTopic> topics;
  for (const KafkaTopic& topic : topics_) {
    if (!there.contains(topic.name)) topics.push_back(topic);
  }
  return topics;
}

Status KafkaTopics::make(rd_kafka_t& handle, const std::vector<KafkaTopic>& topics,
                         int timeout_ms) const {
  std::vector<Owned<rd_kafka_NewTopic_t>> owned;
  std::vector<rd_kafka_NewTopic_t*> wanted;
  char why[kMessageSize];
  for (const KafkaTopic& topic : topics) {
    owned.emplace_back(
        rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, replication_, why, sizeof why));
    if (!owned.back()) return Status(Code::internal, fmt::format("Kafka topic: {}", why));
    wanted.push_back(owned.back().get());
    if (!topic.kept_for) continue;
    const std::string kept_for = std::to_string(topic.kept_for->count());
    // Brokers remove whole segments, and never the one that is written.
    for (const char* setting : {"retention.ms", "segment.ms"}) {
      rd_kafka_NewTopic_set_config(wanted.back(), setting, kept_for.c_str());
    }
  }
  const Owned<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(&handle, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const rd_kafka_resp_err_t set =
      rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, why, sizeof why);
  if (set != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::internal, fmt::format("Kafka admin options: {}", why));
  }
  const Owned<rd_kafka_queue_t> answers(rd_kafka_queue_new(&handle));
  rd_kafka_CreateTopics(&handle, wanted.data(), wanted.size(), options.get(), answers.get());
  const Owned<rd_kafka_event_t> answer(rd_kafka_queue_poll(answers.get(), timeout_ms));
  return of_event(answer.get());
}

Result<int> kafka_partition_count(rd_kafka_t& handle, const std::string& topic, int timeout_ms) {
  const Owned<rd_kafka_topic_t> named(rd_kafka_topic_new(&handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  RETURN_IF_ERROR(kafka_status(rd_kafka_metadata(&handle, 0, named.get(), &found, timeout_ms),
                               "asking for a topic"));
  const KafkaOwned<const rd_kafka_metadata_t> owned(found);
  if (found->topic_cnt != 1) return Status(Code::unavailable, "Kafka: no answer about a topic");
  RETURN_IF_ERROR(kafka_status(found->topics[0].err, fmt::format("topic {}", topic)));
  return found->topics[0].partition_cnt;
}

}  // namespace thumbmill
