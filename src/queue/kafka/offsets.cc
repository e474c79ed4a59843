#include "queue/kafka/offsets.h"

#include <chrono>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "kafka/topics.h"

namespace thumbmill {
namespace {

// A new topic has a leader some milliseconds before that knows of it. Elections take longer: those
// who asked have to ask again.
constexpr int kLeaderRetries = 20;
constexpr std::chrono::milliseconds kLeaderRetryDelay{50};

// The broker that was asked does not lead the partition, or not yet.
bool is_of_leader(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
      return true;
    default:
      return false;
  }
}

// The first error, of the whole question or of one partition.
rd_kafka_resp_err_t ask_edges(rd_kafka_t& handle, const std::vector<PartitionId>& partitions,
                              std::int64_t which, int timeout_ms, KafkaList& list) {
  list = kafka_list(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
  const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(&handle, list.get(), timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list->elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

KafkaList kafka_list(const std::vector<PartitionId>& partitions) {
  KafkaList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const PartitionId& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)
        ->offset = 0;
  }
  return list;
}

Result<std::vector<PartitionId>> kafka_partitions(rd_kafka_t& handle,
                                                  const std::vector<std::string>& topics,
                                                  int timeout_ms) {
  std::vector<PartitionId> partitions;
  for (const std::string& topic : topics) {
    ASSIGN_OR_RETURN(const KafkaTopicState state, kafka_topic_state(handle, topic, timeout_ms));
    if (state.partitions == 0) {
      return Status(Code::unavailable, "the queue is away",
                    fmt::format("Kafka: there is no topic {}", topic));
    }
    for (int number = 0; number < state.partitions; ++number) partitions.push_back({topic, number});
  }
  return partitions;
}

Status kafka_refresh_leaders(rd_kafka_t& handle, const std::vector<PartitionId>& partitions,
                             int timeout_ms) {
  std::set<std::string> topics;
  for (const PartitionId& partition : partitions) topics.insert(partition.topic);
  for (const std::string& topic : topics) {
    RETURN_IF_ERROR(kafka_topic_state(handle, topic, timeout_ms).status());
  }
  return Status();
}

Result<std::map<PartitionId, std::int64_t>> kafka_edges(rd_kafka_t& handle,
                                                        const std::vector<PartitionId>& partitions,
                                                        std::int64_t which, int timeout_ms) {
  std::map<PartitionId, std::int64_t> edges;
  if (partitions.empty()) return edges;
  KafkaList list;
  rd_kafka_resp_err_t error = ask_edges(handle, partitions, which, timeout_ms, list);
  for (int retry = 0; is_of_leader(error) && retry < kLeaderRetries; ++retry) {
    std::this_thread::sleep_for(kLeaderRetryDelay);
    RETURN_IF_ERROR(kafka_refresh_leaders(handle, partitions, timeout_ms));
    error = ask_edges(handle, partitions, which, timeout_ms, list);
  }
  RETURN_IF_ERROR(kafka_status(handle, error, "asking offsets"));
  for (int i = 0; i < list->cnt; ++i) {
    edges[{list->elems[i].topic, list->elems[i].partition}] = list->elems[i].offset;
  }
  return edges;
}

Result<std::map<PartitionId, CommitMark>> kafka_committed(
    rd_kafka_t& handle, const std::vector<PartitionId>& partitions, int timeout_ms) {
  std::map<PartitionId, CommitMark> marks;
  if (partitions.empty()) return marks;
  const KafkaList list = kafka_list(partitions);
  RETURN_IF_ERROR(kafka_status(handle, rd_kafka_committed(&handle, list.get(), timeout_ms),
                               "asking committed offsets"));
  // After the committed offsets, so that these cannot have passed an end that we know.
  ASSIGN_OR_RETURN(const auto begins,
                   kafka_edges(handle, partitions, RD_KAFKA_OFFSET_BEGINNING, timeout_ms));
  ASSIGN_OR_RETURN(const auto ends,
                   kafka_edges(handle, partitions, RD_KAFKA_OFFSET_END, timeout_ms));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    RETURN_IF_ERROR(kafka_status(handle, found.err, "asking a committed offset"));
    const PartitionId id{found.topic, found.partition};
    CommitMark mark{begins.at(id), {}};
    if (found.offset >= mark.offset && found.offset <= ends.at(id)) {
      mark.offset = found.offset;
      if (found.metadata_size > 0) {
        mark.started.assign(static_cast<const char*>(found.metadata), found.metadata_size);
      }
    }
    marks[id] = std::move(mark);
  }
  return marks;
}

}  // namespace thumbmill
