// A CeleryQueue on a real Redis, with messages as kombu puts them there.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "fakes/redis_server.h"
#include "queue/celery/celery_queue.h"

namespace thumbmill {

class CeleryQueueTest : public ::testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kLong{60'000};

  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server program";
    server_.emplace();
    queue_ = open();
    connector_.emplace(parse_redis_url(server_->url()).value());
  }

  std::unique_ptr<CeleryQueue> open(const std::string& parameters = "") {
    return std::make_unique<CeleryQueue>(
        parse_celery_url("celery+" + server_->url() + "?task=tasks.thumb&visibility_timeout=1000" +
                         parameters)
            .value(),
        clock_, random_, metrics_, log_);
  }

  RedisReply redis(const RedisCommand& command) {
    return connector_->connect().value().call(command).value();
  }

  /// What Celery's AsyncResult of a task would read; empty when there is nothing.
  boost::json::object result_of(const std::string& id) {
    const std::string text = redis({"GET", "celery-task-meta-" + id}).text;
    return text.empty() ? boost::json::object() : boost::json::parse(text).as_object();
  }

  static std::string message(const std::string& id, const std::string& headers = "") {
    return fmt::format(
        R"({{"body":"[[\"{0}.jpg\"],{{}},{{\"callbacks\":null}}]","content-type":"application/json",)"
        R"("headers":{{"task":"tasks.thumb","id":"{0}","list":[]{1}}},)"
        R"("properties":{{"delivery_tag":"tag-{0}","delivery_info":{{"exchange":"",)"
        R"("routing_key":"celery"}}}}}})",
        id, headers);
  }

  void publish(const std::string& text, const std::string& list = "celery") {
    redis({"LPUSH", list, text});
  }

  std::vector<Lease> lease(std::size_t most = 1, std::chrono::milliseconds ttl = kLong) {
    return queue_->lease(most, ttl, std::chrono::milliseconds(0), {}).value();
  }
  Lease lease_one(std::chrono::milliseconds ttl = kLong) {
    auto leases = lease(1, ttl);
    EXPECT_EQ(leases.size(), 1u);
    return std::move(leases.at(0));
  }
  /// Waits for a task that is due soon.
  Lease await_lease() {
    auto leases = queue_->lease(1, kLong, std::chrono::milliseconds(20'000), {}).value();
    if (leases.empty()) throw std::runtime_error("no task has come within 20 s");
    return std::move(leases.at(0));
  }
  /// As a Celery worker notes a task that it takes, long ago.
  void leave_unacked(const std::string& id, const std::string& exchange,
                     const std::string& routing_key, std::int64_t taken_s = 1'000) {
    redis({"HSET", "unacked", "tag-" + id,
           fmt::format(R"([{}, "{}", "{}"])", message(id), exchange, routing_key)});
    redis({"ZADD", "unacked_index", std::to_string(taken_s), "tag-" + id});
  }
  std::int64_t length(const std::string& list) { return redis({"LLEN", list}).integer; }
  std::int64_t unacked() { return redis({"HLEN", "unacked"}).integer; }

  SystemClock clock_;
  Random random_{1};
  RecordingMetrics metrics_;
  RecordingLogger log_;
  std::optional<RedisServer> server_;
  std::optional<RedisConnector> connector_;
  std::unique_ptr<CeleryQueue> queue_;
};

}  // namespace thumbmill
