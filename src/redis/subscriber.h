// RedisSubscriber: hears what is published on one channel. Connects in the background, again
// whenever the connection is lost; what is published meanwhile is not heard.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "redis/connector.h"
#include "redis/end_signal.h"

namespace thumbmill {

/// Has one thread, which calls the listener. What it is given outlives it.
class RedisSubscriber {
 public:
  using Listener = std::function<void(const std::string& message)>;

  RedisSubscriber(RedisConnector& connector, std::string channel, Random& random, Logger& log,
                  Listener listener);
  /// The listener is not called any more after it.
  ~RedisSubscriber();

 private:
  void run();
  /// Passes messages on until the connection is lost or it is time to end.
  Status receive(RedisConnection& connection);

  RedisConnector& connector_;
  const std::string channel_;
  Random& random_;
  Logger& log_;
  const Listener listener_;
  EndSignal end_;
  std::thread thread_;
};

}  // namespace thumbmill
