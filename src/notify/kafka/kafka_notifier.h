// KafkaNotifier: a Notifier for all processes that share a Kafka, by the topic `events`, which each
// of them reads from its end. Listeners of this process are called at once, as by LocalNotifier,
// and numbered by this process; those of others a moment later. Events are lost while Kafka is
// away: whoever must not miss one reads the ObjectStore as well, as the port says.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "base/log.h"
#include "kafka/producer.h"
#include "kafka/topics.h"
#include "metrics/foreign_records.h"
#include "notify/event_fan_out.h"

namespace thumbmill {

/// Thread-safe. Has a thread that reads; what it is given outlives it, and every subscription ends
/// before it.
class KafkaNotifier final : public Notifier {
 public:
  /// Connects in the background, for as long as it takes. invalid_argument.
  static Result<std::unique_ptr<KafkaNotifier>> open(const KafkaOptions& options, Clock& clock,
                                                     Metrics& metrics, Logger& log);
  ~KafkaNotifier() override;

  /// Never waits for Kafka: an event that it is too slow for is dropped for the other processes.
  void publish(JobEvent event) override;
  std::unique_ptr<Subscription> subscribe(const std::string& id, Listener listener) override {
    return fan_out_.subscribe(id, std::move(listener));
  }
  std::uint64_t last_sequence() const override { return fan_out_.last_sequence(); }
  EventPage events_after(std::uint64_t after, const std::string& id,
                         std::size_t most) const override {
    return fan_out_.events_after(after, id, most);
  }

 private:
  KafkaNotifier(const KafkaOptions& options, const Clock& clock, Metrics& metrics, Logger& log);
  void read_loop();
  /// Makes the topic where it is missing and begins at its end.
  Status begin();
  void pass_on(const rd_kafka_message_t& message);

  Logger& log_;
  ForeignRecords foreign_;
  const std::string origin_;
  KafkaTopics topics_;
  const std::string topic_;
  EventFanOut fan_out_;
  std::unique_ptr<KafkaProducer> producer_;
  KafkaOwned<rd_kafka_t> consumer_;
  std::atomic<bool> dropping_ = false;
  std::atomic<bool> ending_ = false;
  std::thread reader_;
};

}  // namespace thumbmill
