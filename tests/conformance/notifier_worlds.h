// What the worlds of NotifierSuite share.
#pragma once

#include <memory>
#include <string>

#include "conformance/notifier_suite.h"
#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "notify/kafka/kafka_notifier.h"

namespace thumbmill {

/// A world whose processes share their metrics and their log.
class RecordingWorld : public NotifierWorld {
 public:
  double foreign_records() const override {
    return metrics_.value(metric::kForeignRecords, {"events"});
  }
  std::size_t warnings() const override { return log_.warnings().size(); }

 protected:
  RecordingMetrics metrics_;
  RecordingLogger log_;
  SystemClock clock_;
};

/// The processes that share a Kafka, whatever it is.
class KafkaWorld : public RecordingWorld {
 public:
  explicit KafkaWorld(const std::string& url) : options_(parse_kafka_url(url).value()) {}

  std::unique_ptr<Notifier> process() override {
    return KafkaNotifier::open(options_, clock_, metrics_, log_).value();
  }
  void publish_foreign(const std::string& text) override {
    const auto producer = KafkaProducer::open(options_, clock_).value();
    EXPECT_TRUE(producer->publish(options_.name("events"), "hello", {{"event", text}}, {}).ok());
  }

 private:
  const KafkaOptions options_;
};

}  // namespace thumbmill
