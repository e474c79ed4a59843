#include "queue/kafka/offsets.h"

namespace thumbmill {

KafkaList kafka_list(const std::vector<PartitionId>& partitions) {
  KafkaList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const PartitionId& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)
        ->offset = 0;
  }
  return list;
}

Result<std::map<PartitionId, std::int64_t>> kafka_edges(rd_kafka_t& handle,
                                                        const std::vector<PartitionId>& partitions,
                                                        std::int64_t which, int timeout_ms) {
  std::map<PartitionId, std::int64_t> edges;
  if (partitions.empty()) return edges;
  const KafkaList list = kafka_list(partitions);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = which;
  RETURN_IF_ERROR(
      kafka_status(rd_kafka_offsets_for_times(&handle, list.get(), timeout_ms), "asking offsets"));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    RETURN_IF_ERROR(kafka_status(found.err, "asking an offset"));
    edges[{found.topic, found.partition}] = found.offset;
  }
  return edges;
}

Result<std::map<PartitionId, CommitMark>> kafka_committed(
    rd_kafka_t& handle, const std::vector<PartitionId>& partitions, int timeout_ms) {
  std::map<PartitionId, CommitMark> marks;
  if (partitions.empty()) return marks;
  ASSIGN_OR_RETURN(const auto begins,
                   kafka_edges(handle, partitions, RD_KAFKA_OFFSET_BEGINNING, timeout_ms));
  const KafkaList list = kafka_list(partitions);
  RETURN_IF_ERROR(kafka_status(rd_kafka_committed(&handle, list.get(), timeout_ms),
                               "asking committed offsets"));
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& found = list->elems[i];
    RETURN_IF_ERROR(kafka_status(found.err, "asking a committed offset"));
    const PartitionId id{found.topic, found.partition};
    CommitMark mark{begins.at(id), {}};
    if (found.offset >= mark.offset) {
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
