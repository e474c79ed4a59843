// RedisNotifier: a Notifier for all processes that share a Redis, by PUBLISH and SUBSCRIBE on one
// channel. Listeners of this process are called at once, as by LocalNotifier, and numbered by this
// process; those of others a moment later. Events are lost while Redis is away: whoever must not
// miss one reads the ObjectStore as well, as the port says.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "metrics/foreign_records.h"
#include "notify/event_fan_out.h"
#include "redis/connector.h"
#include "redis/end_signal.h"
#include "redis/subscriber.h"

namespace thumbmill {

/// Thread-safe. Has two threads, one to send and one to receive; what it is given outlives it, and
/// every subscription ends before it.
class RedisNotifier final : public Notifier {
 public:
  /// Connects in the background, now and whenever the connection is lost.
  RedisNotifier(RedisOptions options, const Clock& clock, Random& random, Metrics& metrics,
                Logger& log);
  ~RedisNotifier() override;

  /// Never waits for Redis: an event that it is too slow for is dropped for the other processes.
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
  void send_loop();
  Status send(std::optional<RedisConnection>& connection, const std::deque<std::string>& lines);
  void pass_on(const std::string& message);

  Random& random_;
  Logger& log_;
  ForeignRecords foreign_;
  const std::string origin_;
  const std::string channel_;
  RedisConnector connector_;
  EventFanOut fan_out_;
  EndSignal end_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> outgoing_;  // guarded by mutex_
  bool ending_ = false;               // guarded by mutex_
  RedisSubscriber subscriber_;
  std::thread sender_;
};

}  // namespace thumbmill
