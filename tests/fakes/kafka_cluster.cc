#include "fakes/kafka_cluster.h"

#include <stdexcept>
#include <vector>

#include <librdkafka/rdkafka_mock.h>

namespace thumbmill {
namespace {

std::string topic_name(const char* name) { return std::string("thumbmill.") + name; }

}  // namespace

KafkaCluster::KafkaCluster(int partitions, int brokers)
    : partitions_(partitions), brokers_(brokers) {
  KafkaOwned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  handle_ = open_kafka(RD_KAFKA_PRODUCER, std::move(conf), nullptr).value();
  cluster_ = rd_kafka_mock_cluster_new(handle_.get(), brokers);
  if (cluster_ == nullptr) throw std::runtime_error("no mock cluster");
  for (const char* topic : {"jobs", "retry.10s", "retry.1m", "retry.10m"}) {
    rd_kafka_mock_topic_create(cluster_, topic_name(topic).c_str(), partitions, brokers);
  }
  for (const char* topic : {"dead", "leader", "events"}) {
    rd_kafka_mock_topic_create(cluster_, topic_name(topic).c_str(), 1, brokers);
  }
}

KafkaCluster::~KafkaCluster() { rd_kafka_mock_cluster_destroy(cluster_); }

std::string KafkaCluster::servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

std::string KafkaCluster::url() const { return "kafka://" + servers(); }

void KafkaCluster::set_away(bool away) {
  for (int broker = 1; broker <= brokers_; ++broker) {
    if (away) {
      rd_kafka_mock_broker_set_down(cluster_, broker);
    } else {
      rd_kafka_mock_broker_set_up(cluster_, broker);
    }
  }
}

void KafkaCluster::set_leader_of_jobs(int broker) {
  for (int i = 0; i < partitions_; ++i) {
    rd_kafka_mock_partition_set_leader(cluster_, topic_name("jobs").c_str(), i,
                                       broker == 0 ? -1 : broker);
  }
}

void KafkaCluster::fail_requests(std::int16_t kind, std::size_t count, rd_kafka_resp_err_t error) {
  const std::vector<rd_kafka_resp_err_t> errors(count, error);
  rd_kafka_mock_push_request_errors_array(cluster_, kind, count, errors.data());
}

void KafkaCluster::stop_failing(std::int16_t kind) {
  rd_kafka_mock_clear_request_errors(cluster_, kind);
}

}  // namespace thumbmill
