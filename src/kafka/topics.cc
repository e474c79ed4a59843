#include "kafka/topics.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>

#include <fmt/format.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMessageSize = 256;
// How often a new topic is asked for: brokers learn of it one after the other.
constexpr milliseconds kAskEvery{50};
// A backlog may take as long to be worked off, after an outage for example.
constexpr milliseconds kShortRetention = std::chrono::hours(24);

struct AdminDeleter {
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_ConfigResource_t* resource) const {
    rd_kafka_ConfigResource_destroy(resource);
  }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
};

template <typename T>
using Owned = std::unique_ptr<T, AdminDeleter>;

Result<Owned<rd_kafka_AdminOptions_t>> options_for(rd_kafka_t& handle, rd_kafka_admin_op_t call,
                                                   int timeout_ms) {
  Owned<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(&handle, call));
  char why[kMessageSize];
  rd_kafka_resp_err_t set =
      rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, why, sizeof why);
  if (set == RD_KAFKA_RESP_ERR_NO_ERROR && call == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
    set = rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, why, sizeof why);
  }
  if (set != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::internal, fmt::format("Kafka admin options: {}", why));
  }
  return options;
}

Status of_event(const rd_kafka_t& handle, rd_kafka_event_t* event) {
  if (event == nullptr) return kafka_status(handle, RD_KAFKA_RESP_ERR__TIMED_OUT, "making topics");
  RETURN_IF_ERROR(kafka_status(handle, rd_kafka_event_error(event), "making topics"));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;  // another process was faster
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    RETURN_IF_ERROR(
        kafka_status(handle, error,
                     fmt::format("making topic {}: {}", rd_kafka_topic_result_name(results[i]),
                                 why != nullptr ? why : "no reason given")));
  }
  return Status();
}

// Until `handle` can use the topic. It may still be unknown to a broker that others ask.
Status await_topic(rd_kafka_t& handle, const std::string& topic, milliseconds timeout) {
  const int attempts = static_cast<int>(timeout / kAskEvery) + 1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kAskEvery);
    ASSIGN_OR_RETURN(const KafkaTopicState state,
                     kafka_topic_state(handle, topic, static_cast<int>(timeout.count())));
    if (state.is_usable()) return Status();
  }
  return Status(Code::unavailable, "the queue is away",
                fmt::format("Kafka: topic {} was made and cannot be used yet", topic));
}

std::string_view value_of(const rd_kafka_ConfigResource_t& resource, std::string_view setting) {
  std::size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(&resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr && setting == rd_kafka_ConfigEntry_name(entries[i])) return value;
  }
  return {};
}

// -1: without end. Another text is no number of milliseconds that we could judge.
bool is_short(std::string_view retention_ms) {
  std::int64_t value = 0;
  const char* const end = retention_ms.data() + retention_ms.size();
  if (std::from_chars(retention_ms.data(), end, value).ec != std::errc()) return false;
  return value >= 0 && milliseconds(value) < kShortRetention;
}

}  // namespace

Result<KafkaTopicState> kafka_topic_state(rd_kafka_t& handle, const std::string& topic,
                                          int timeout_ms) {
  const Owned<rd_kafka_topic_t> named(rd_kafka_topic_new(&handle, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* found = nullptr;
  RETURN_IF_ERROR(kafka_status(handle,
                               rd_kafka_metadata(&handle, 0, named.get(), &found, timeout_ms),
                               fmt::format("asking for topic {}", topic)));
  const KafkaOwned<const rd_kafka_metadata_t> owned(found);
  if (found->topic_cnt != 1) return Status(Code::unavailable, "Kafka: no answer about a topic");
  const rd_kafka_metadata_topic_t& answer = found->topics[0];
  KafkaTopicState state{.partitions = answer.partition_cnt};
  switch (answer.err) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return KafkaTopicState{};
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:  // is being made
      state.partitions = std::max(state.partitions, 1);
      state.leaderless = state.partitions;
      return state;
    default:
      RETURN_IF_ERROR(kafka_status(handle, answer.err, fmt::format("topic {}", topic)));
  }
  if (answer.partition_cnt > 0) state.leader = answer.partitions[0].leader;
  for (int i = 0; i < answer.partition_cnt; ++i) {
    const rd_kafka_metadata_partition_t& partition = answer.partitions[i];
    if (partition.leader < 0) ++state.leaderless;
    if (i > 0 && partition.isr_cnt >= state.in_sync) continue;
    state.replicas = partition.replica_cnt;
    state.in_sync = partition.isr_cnt;
  }
  return state;
}

bool is_of_deleted_topic(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return true;
    default:
      return false;
  }
}

Status KafkaTopics::ensure(rd_kafka_t& handle, int timeout_ms) {
  if (there_) return Status();
  std::vector<KafkaTopic> missing;
  std::vector<KafkaTopic> small;
  std::vector<KafkaTopic> found;
  int leader = -1;
  for (const KafkaTopic& topic : topics_) {
    ASSIGN_OR_RETURN(const KafkaTopicState state,
                     kafka_topic_state(handle, topic.name, timeout_ms));
    (state.partitions == 0 ? missing : found).push_back(topic);
    if (state.partitions != 0 && state.partitions < topic.partitions) small.push_back(topic);
    leader = std::max(leader, state.leader);
  }
  if (!missing.empty()) RETURN_IF_ERROR(make(handle, missing, timeout_ms));
  for (const KafkaTopic& topic : missing) {
    RETURN_IF_ERROR(await_topic(handle, topic.name, milliseconds(timeout_ms)));
  }
  there_ = true;
  if (warned_.exchange(true)) return Status();
  for (const KafkaTopic& topic : small) {
    log_.warning("a Kafka topic has fewer partitions than set; more workers than that are idle",
                 {{"topic", topic.name}, {"partitions_set", topic.partitions}});
  }
  if (!found.empty() && leader >= 0) warn_of_settings(handle, found, leader, timeout_ms);
  return Status();
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
    // Compaction would remove our records, which have no values, whatever the cluster's default.
    rd_kafka_NewTopic_set_config(wanted.back(), "cleanup.policy", "delete");
    const std::string kept_for = std::to_string(topic.kept_for.count());
    // Brokers remove whole segments, and never the one that is written.
    for (const char* setting : {"retention.ms", "segment.ms"}) {
      rd_kafka_NewTopic_set_config(wanted.back(), setting, kept_for.c_str());
    }
  }
  ASSIGN_OR_RETURN(const Owned<rd_kafka_AdminOptions_t> options,
                   options_for(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms));
  const Owned<rd_kafka_queue_t> answers(rd_kafka_queue_new(&handle));
  rd_kafka_CreateTopics(&handle, wanted.data(), wanted.size(), options.get(), answers.get());
  const Owned<rd_kafka_event_t> answer(rd_kafka_queue_poll(answers.get(), timeout_ms));
  RETURN_IF_ERROR(of_event(handle, answer.get()));
  for (const KafkaTopic& topic : topics) {
    log_.info("Kafka topic made", {{"topic", topic.name}, {"partitions", topic.partitions}});
  }
  return Status();
}

void KafkaTopics::warn_of_settings(rd_kafka_t& handle, const std::vector<KafkaTopic>& topics,
                                   int broker, int timeout_ms) const {
  Result<Owned<rd_kafka_AdminOptions_t>> options =
      options_for(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
  if (!options.ok()) return;
  // Any broker can answer. The controller, which is asked by default, may be hard to reach.
  char why[kMessageSize];
  rd_kafka_AdminOptions_set_broker(options->get(), broker, why, sizeof why);
  const Owned<rd_kafka_queue_t> answers(rd_kafka_queue_new(&handle));
  std::vector<Owned<rd_kafka_ConfigResource_t>> owned;
  std::vector<rd_kafka_ConfigResource_t*> asked;
  for (const KafkaTopic& topic : topics) {
    owned.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
    asked.push_back(owned.back().get());
  }
  rd_kafka_DescribeConfigs(&handle, asked.data(), asked.size(), options->get(), answers.get());
  const Owned<rd_kafka_event_t> answer(rd_kafka_queue_poll(answers.get(), timeout_ms));
  if (!answer || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    log_.debug("the settings of Kafka topics are not known",
               {{"detail", answer ? rd_kafka_event_error_string(answer.get()) : "no answer"}});
    return;
  }
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** found = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = rd_kafka_ConfigResource_name(found[i]);
    const std::string_view policy = value_of(*found[i], "cleanup.policy");
    const std::string_view retention = value_of(*found[i], "retention.ms");
    if (policy.find("compact") != std::string_view::npos) {
      log_.warning("a Kafka topic is compacted, which removes jobs: set cleanup.policy=delete",
                   {{"topic", name}, {"cleanup_policy", policy}});
    }
    const auto wanted =
        std::find_if(topics.begin(), topics.end(), [&](const auto& t) { return t.name == name; });
    if (wanted != topics.end() && wanted->kept_for >= kShortRetention && is_short(retention)) {
      log_.warning(
          "a Kafka topic keeps records for less than a day: jobs that wait longer are "
          "lost to the queue until a sweep; set retention.ms",
          {{"topic", name}, {"retention_ms", retention}});
    }
  }
}

}  // namespace thumbmill
