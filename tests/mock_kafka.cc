// A Kafka for tests that need one as a process: prints its servers, and ends when its standard
// input does. Records are in memory. Usage: mock_kafka [PARTITIONS]
#include <cstdio>
#include <cstdlib>

#include "fakes/kafka_cluster.h"

int main(int argc, char** argv) {
  constexpr int kDefaultPartitions = 4;
  const int partitions = argc > 1 ? std::atoi(argv[1]) : kDefaultPartitions;
  if (partitions < 1) {
    std::fputs("usage: mock_kafka [PARTITIONS]\n", stderr);
    return 64;
  }
  const thumbmill::KafkaCluster cluster(partitions);
  std::puts(cluster.servers().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
}
