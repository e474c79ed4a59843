// Questions about the offsets of many partitions at once.
#pragma once

#include <map>

#include "kafka/handle.h"
#include "queue/kafka/in_flight.h"

namespace thumbmill {

using KafkaList = KafkaOwned<rd_kafka_topic_partition_list_t>;

/// The partitions as librdkafka has them, at offset 0.
KafkaList kafka_list(const std::vector<PartitionId>& partitions);

/// Where each partition's records begin (`which` = RD_KAFKA_OFFSET_BEGINNING) or where the next is
/// written (RD_KAFKA_OFFSET_END).
Result<std::map<PartitionId, std::int64_t>> kafka_edges(rd_kafka_t& handle,
                                                        const std::vector<PartitionId>& partitions,
                                                        std::int64_t which, int timeout_ms);

/// What the handle's group has committed; where it has nothing, or what it has is gone, the
/// partition's beginning.
Result<std::map<PartitionId, CommitMark>> kafka_committed(
    rd_kafka_t& handle, const std::vector<PartitionId>& partitions, int timeout_ms);

}  // namespace thumbmill
