#include "net/http_server.h"

#include <future>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <netinet/tcp.h>

#include "net/http_core.h"
#include "net/http_session.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};
// A line a connection would be a second flood.
constexpr std::chrono::seconds kLineEvery{10};
// What the kernel may hold of a connection's answers: on their way, which a fast and distant client
// needs, and behind that, which serves nobody. It counts twice as much with its own (socket(7)); by
// itself it would hold net.ipv4.tcp_wmem, 4 MiB.
constexpr int kSendBufferBytes = 256 * 1024;
constexpr int kUnsentBytes = 64 * 1024;
using UnsentLimit = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

class BoostHttpServer final : public HttpServer {
 public:
  BoostHttpServer(const HttpServerOptions& options, HttpService& service, Metrics& metrics,
                  Logger& log, const Clock& clock, Random& random)
      : core_(options, service, metrics, log, clock, random),
        acceptor_(asio::make_strand(core_.io)) {}

  ~BoostHttpServer() override { BoostHttpServer::stop(std::chrono::milliseconds(0)); }

  Status listen() {
    const HttpServerOptions& options = core_.options;
    const std::string where = fmt::format("cannot listen on {}:{}", options.host, options.port);
    error_code error;
    tcp::resolver resolver(core_.io);
    const auto found =
        resolver.resolve(options.host, std::to_string(options.port),
                         tcp::resolver::passive | tcp::resolver::numeric_service, error);
    if (error || found.empty())
      return Status(Code::unavailable, where + ": no such address", error.message());
    const tcp::endpoint endpoint = *found.begin();
    if (!acceptor_.open(endpoint.protocol(), error))
      acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
      return Status(Code::unavailable, where + ": the port is taken by another program",
                    error.message());
    }
    if (error) return Status(Code::unavailable, where, error.message());
    port_ = acceptor_.local_endpoint().port();
    return Status();
  }

  void run() {
    asio::co_spawn(acceptor_.get_executor(), accept_loop(),
                   [this](const std::exception_ptr&) { accepting_.set_value(); });
    for (std::size_t i = 0; i < core_.options.io_threads; ++i) {
      threads_.emplace_back([this] { core_.io.run(); });
    }
  }

  std::uint16_t port() const override { return port_; }

  void stop(std::chrono::milliseconds drain) override {
    if (std::exchange(stopped_, true)) return;
    core_.stopping = true;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
    });
    // Until then another session could be added. Without threads nothing was ever accepted.
    if (!threads_.empty()) accepting_.get_future().wait();
    core_.fire_timers();
    for (const auto& session : core_.sessions()) session->finish();
    await_sessions(std::chrono::steady_clock::now() + drain);
    core_.cut.request_stop();
    for (const auto& session : core_.sessions()) session->cut();
    core_.join_pools();
    core_.fire_timers();
    // Every session was cut, and ends by itself.
    await_sessions(std::chrono::steady_clock::time_point::max());
    work_.reset();
    core_.io.stop();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void await_sessions(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(core_.mutex);
    const auto none_left = [this] { return core_.live.empty(); };
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      core_.changed.wait(lock, none_left);
    } else {
      core_.changed.wait_until(lock, deadline, none_left);
    }
  }

  // A coroutine of the acceptor's strand.
  asio::awaitable<void> accept_loop() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket(asio::make_strand(core_.io));
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {
        // Out of descriptors, most likely: without a pause this would spin until one is free.
        core_.refused("accept_failed");
        asio::steady_timer pause(acceptor_.get_executor(), kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      const tcp::endpoint peer = socket.remote_endpoint(error);
      if (error) continue;  // gone again
      const std::string address = peer.address().to_string();
      if (const Refusal* refusal = refusal_of(address)) {
        turn_away(socket, *refusal, address);
        continue;
      }
      set_options(socket);
      std::make_shared<HttpSession>(core_, std::move(socket), address)->start();
    }
  }

  // Why another connection is not taken, and what its client is told. Made once, so that a flood of
  // them costs little.
  struct Refusal {
    Refusal(HttpCore& core, int status, std::string_view why, const std::string& message)
        : reason(why) {
      const HttpResponse response = core.service.reject(status, why, message, "");
      answer = fmt::format("HTTP/1.1 {} {}\r\n", status, http_reason(status));
      for (const auto& [name, value] : response.fields.all()) {
        if (name != "Retry-After") answer += fmt::format("{}: {}\r\n", name, value);
      }
      answer += fmt::format("Retry-After: 1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                            response.body.size(), response.body.memory());
    }

    std::string_view reason;  // a fixed word for metrics and the log
    std::string answer;
  };

  const Refusal* refusal_of(const std::string& address) {
    const HttpLimits& limits = core_.options.limits;
    {
      const std::lock_guard lock(core_.mutex);
      if (core_.live.size() >= limits.connections) return &full_;
    }
    if (limits.connections_per_address == 0 || limits.exempt_addresses.contains(address)) {
      return nullptr;
    }
    const bool may =
        core_.connections_of(address_of_client(address)) < limits.connections_per_address;
    return may ? nullptr : &full_of_address_;
  }

  void turn_away(tcp::socket& socket, const Refusal& refusal, const std::string& address) {
    core_.refused(refusal.reason);
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(refusal.answer), 0, ignored);
    ++turned_away_;
    const SteadyTime now = core_.clock.now();
    if (now < next_line_) return;
    core_.log.warning("connections turned away",
                      {{"reason", refusal.reason}, {"address", address}, {"count", turned_away_}});
    turned_away_ = 0;
    next_line_ = now + kLineEvery;
  }

  static void set_options(tcp::socket& socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), ignored);
    socket.set_option(UnsentLimit(kUnsentBytes), ignored);
  }

  HttpCore core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{core_.io.get_executor()};
  tcp::acceptor acceptor_;
  std::promise<void> accepting_;  // kept when the acceptor has ended
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
  const Refusal full_{
      core_, 503, "too_many_connections",
      fmt::format("max-connections ({}) are open", core_.options.limits.connections)};
  const Refusal full_of_address_{
      core_, 429, "too_many_of_address",
      fmt::format("this address has max-connections-per-address ({}) open",
                  core_.options.limits.connections_per_address)};
  // Of the acceptor's strand.
  std::uint64_t turned_away_ = 0;  // since the last line about it
  SteadyTime next_line_{};
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      HttpService& service, Metrics& metrics,
                                                      Logger& log, const Clock& clock,
                                                      Random& random) {
  auto server = std::make_unique<BoostHttpServer>(options, service, metrics, log, clock, random);
  RETURN_IF_ERROR(server->listen());
  server->run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace thumbmill
