// What the tests of RedisQueue share: a server of their own, and queues on it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/recording_logger.h"
#include "fakes/redis_server.h"
#include "fakes/sim_clock.h"
#include "queue/redis/redis_queue.h"

namespace thumbmill {

/// Each queue stands for a process. All take their time from one simulated clock.
class RedisFixture : public ::testing::Test {
 protected:
  static constexpr std::chrono::seconds kTtl{30};

  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server program";
  }
  void start_server(std::vector<std::string> arguments = {}) {
    server_.emplace(std::move(arguments));
  }

  std::unique_ptr<RedisQueue> open(const std::string& url, RedisQueueTuning tuning = {}) {
    RedisOptions options = parse_redis_url(url).value();
    options.connect_timeout = options.command_timeout = command_timeout_;
    tuning.time = time_;
    return RedisQueue::open(std::move(options), clock_, random_, log_, tuning).value();
  }
  std::unique_ptr<RedisQueue> open() { return open(server_->url()); }

  static std::vector<Lease> lease(RedisQueue& queue, std::size_t most = 1) {
    return queue.lease(most, kTtl, std::chrono::milliseconds(0), {}).value();
  }

  /// Says something to the server past the queue.
  RedisReply tell(const RedisCommand& command) {
    RedisConnector connector(parse_redis_url(server_->url()).value());
    RedisConnection connection = connector.connect().value();
    return connection.call(command).value();
  }

  SimClock clock_;
  Random random_{1};
  RecordingLogger log_;
  RedisTime time_ = RedisTime::own_clock;
  std::chrono::milliseconds command_timeout_{10'000};
  std::optional<RedisServer> server_;
};

}  // namespace thumbmill
