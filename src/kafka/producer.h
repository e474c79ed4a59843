// KafkaProducer: publishes records durably. Those of many threads travel in one batch.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kafka/handle.h"

namespace thumbmill {

/// What a record carries besides its key: names and values, in order.
using KafkaHeaders = std::vector<std::pair<std::string, std::string>>;

/// Thread-safe. Has a thread that takes delivery reports.
class KafkaProducer {
 public:
  /// Never waits for the cluster. `clock` outlives it. invalid_argument.
  static Result<std::unique_ptr<KafkaProducer>> open(const KafkaOptions& options, Clock& clock);
  ~KafkaProducer();

  /// Durable on return: all replicas in sync have it. After a failure the record may be there
  /// nevertheless. unavailable, deadline_exceeded, cancelled.
  Status publish(const std::string& topic, std::string_view key, const KafkaHeaders& headers,
                 const OpContext& context);

  /// For questions to the cluster.
  rd_kafka_t& handle() { return *handle_; }

 private:
  explicit KafkaProducer(Clock& clock) : clock_(clock) {}
  void serve();

  Clock& clock_;
  KafkaOwned<rd_kafka_t> handle_;
  std::atomic<bool> ending_ = false;
  std::thread server_;
};

}  // namespace thumbmill
