// What the connections of one HttpServer share. Internal to net/.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "net/http_server.h"

namespace thumbmill {

class HttpSession;

/// For requests that wait for nothing, or not for long.
inline constexpr std::size_t kMemoryThreads = 4;

/// Thread-safe. Outlives every session, exchange and handler.
struct HttpCore {
  HttpCore(const HttpServerOptions& o, HttpService& s, Metrics& m, Logger& l, const Clock& c,
           Random& r)
      : options(o), service(s), metrics(m), log(l), clock(c), random(r) {}

  /// The threads for that kind of work.
  boost::asio::thread_pool& pool(WorkKind kind);
  /// Waits until all that was posted to the pools has run, and ends their threads.
  void join_pools();

  using Timer = std::shared_ptr<boost::asio::steady_timer>;  // shared with the timer's own handler
  /// Runs `action` on the pool of reads at `when`, or when fire() is called with what this returns,
  /// or fire_timers().
  Timer at(SteadyTime when, std::function<void()> action);
  void fire(const Timer& timer);
  void fire_timers();

  void add(const std::shared_ptr<HttpSession>& session);
  void remove(HttpSession* session);
  /// How many connections there are of this client (see address_of_client).
  std::size_t connections_of(const std::string& client);
  /// The sessions there are now.
  std::vector<std::shared_ptr<HttpSession>> sessions();
  void refused(std::string_view reason) { metrics.add(metric::kHttpRejected, 1, {reason}); }

  const HttpServerOptions options;
  HttpService& service;
  Metrics& metrics;
  Logger& log;
  const Clock& clock;
  Random& random;
  boost::asio::io_context io;
  boost::asio::thread_pool reads{options.pool_threads};
  boost::asio::thread_pool changes{options.pool_threads};
  boost::asio::thread_pool in_memory{kMemoryThreads};
  std::stop_source cut;  ///< requested when handlers must give up
  std::atomic<bool> stopping = false;

  std::mutex mutex;
  std::condition_variable changed;                          ///< a session has gone
  std::map<HttpSession*, std::weak_ptr<HttpSession>> live;  // guarded by mutex
  std::map<std::string, std::size_t> by_client;             // guarded by mutex
  std::set<Timer> timers;                                   // guarded by mutex
};

}  // namespace thumbmill
