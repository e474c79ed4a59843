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

#include "net/http_core.h"
#include "net/http_session.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};

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
    core_.pool.join();
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
      socket.set_option(tcp::no_delay(true), error);
      if (is_full()) {
        turn_away(socket);
      } else {
        std::make_shared<HttpSession>(core_, std::move(socket))->start();
      }
    }
  }

  bool is_full() {
    const std::lock_guard lock(core_.mutex);
    return core_.live.size() >= core_.options.limits.connections;
  }

  void turn_away(tcp::socket& socket) {
    core_.refused("too_many_connections");
    static constexpr std::string_view kAnswer =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(kAnswer.data(), kAnswer.size()), 0, ignored);
  }

  HttpCore core_;
  asio::executor_work_guard<asio::io_context::executor_type> work_{core_.io.get_executor()};
  tcp::acceptor acceptor_;
  std::promise<void> accepting_;  // kept when the acceptor has ended
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
  bool stopped_ = false;
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
