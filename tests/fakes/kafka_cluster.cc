#include "fakes/kafka_cluster.h"

#include <stdexcept>

#include <librdkafka/rdkafka_mock.h>

namespace thumbmill {
namespace {

constexpr int kBrokers = 1;

}  // namespace

KafkaCluster::KafkaCluster(int partitions) {
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  handle_ = open_kafka(RD_KAFKA_PRODUCER, std::move(conf), nullptr).value();
  cluster_ = rd_kafka_mock_cluster_new(handle_.get(), kBrokers);
  if (cluster_ == nullptr) throw std::runtime_error("no mock cluster");
  for (const char* topic : {"jobs", "retry.10s", "retry.1m", "retry.10m"}) {
    rd_kafka_mock_topic_create(cluster_, (std::string("thumbmill.") + topic).c_str(), partitions,
                               kBrokers);
  }
  for (const char* topic : {"dead", "leader", "events"}) {
    rd_kafka_mock_topic_create(cluster_, (std::string("thumbmill.") + topic).c_str(), 1, kBrokers);
  }
}

KafkaCluster::~KafkaCluster() { rd_kafka_mock_cluster_destroy(cluster_); }

std::string KafkaCluster::servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

std::string KafkaCluster::url() const { return "kafka://" + servers(); }

void KafkaCluster::set_away(bool away) {
  for (int broker = 1; broker <= kBrokers; ++broker) {
    if (away) {
      rd_kafka_mock_broker_set_down(cluster_, broker);
    } else {
      rd_kafka_mock_broker_set_up(cluster_, broker);
    }
  }
}

}  // namespace thumbmill
