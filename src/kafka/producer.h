// KafkaProducer: publishes records durably. Those of many threads travel in one batch.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "kafka/handle.h"
#include "kafka/headers.h"

namespace thumbmill {

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

  /// Hands a record over and does not wait; whether it arrives is not said. The last ones before
  /// the producer's end are given half a second. unavailable: too many are on their way already.
  Status send(const std::string& topic, std::string_view key, const KafkaHeaders& headers);

  /// For questions to the cluster.
  rd_kafka_t& handle() { return *handle_; }

 private:
  explicit KafkaProducer(Clock& clock) : clock_(clock) {}
  /// `opaque` is given back with the delivery report.
  Status produce(const std::string& topic, std::string_view key, const KafkaHeaders& headers,
                 void* opaque);
  void serve();

  Clock& clock_;
  KafkaOwned<rd_kafka_t> handle_;
  std::atomic<bool> ending_ = false;
  std::thread server_;
};

}  // namespace thumbmill
