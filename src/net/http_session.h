// HttpSession: one connection, from accept to close. Internal to net/.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/answer_pace.h"
#include "net/chunked.h"
#include "net/http_core.h"
#include "net/http_exchange.h"
#include "net/http_head.h"

namespace thumbmill {

/// Runs as one coroutine on a strand of its own; the public members may be called by any thread.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `address` is the peer's.
  HttpSession(HttpCore& core, Socket socket, std::string address);
  ~HttpSession();

  /// Begins to serve; the session lives until the connection ends.
  void start();
  /// Ends the connection after the present request, or now when there is none (or it is a stream).
  void finish();
  /// Ends the connection now.
  void cut();
  /// What stands for the client (see address_of_client).
  const std::string& client() const { return client_; }

 private:
  static constexpr std::size_t kReadBytes = 64 * 1024;  // of an answer, or of a chunked body
  static constexpr unsigned kReadsInTurn = 16;  // the last of which goes through the event loop
  using Clock = std::chrono::steady_clock;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  Awaitable<void> run();
  Awaitable<void> watch();
  /// Reads a head into `head_`; false when the connection is to end without an answer.
  Awaitable<bool> read_head();
  Awaitable<bool> serve();
  /// The failure that ended the body, ok when it is complete.
  Awaitable<Status> read_body(HttpTask& task);
  Awaitable<Status> read_plain_body(HttpTask& task, std::uint64_t length);
  Awaitable<Status> read_chunked_body(HttpTask& task);
  /// Reads what there is of a body, at most until `into` is full; how much that was.
  Awaitable<Result<std::size_t>> read_some(std::span<char> into);
  /// The answer; nothing when the connection was cut before there was one.
  Awaitable<std::optional<HttpExchange::Answer>> run_task(std::unique_ptr<HttpTask> task);
  /// Until there is an answer or the connection was cut. Reads on while the request waits for
  /// something, to see the client go.
  Awaitable<void> await_answer(std::weak_ptr<HttpExchange> exchange);
  Awaitable<bool> write_answer(HttpExchange::Answer answer, bool keep_alive);
  Awaitable<bool> write_body(const Blob& body);
  Awaitable<void> write_stream(std::shared_ptr<StreamQueue> stream);
  Awaitable<bool> write(std::string_view bytes);
  Awaitable<void> refuse(const HeadRefusal& refusal);
  /// Gives the client time to take what it has been answered, and, where its request was not read
  /// to its end, a moment to notice.
  Awaitable<void> leave();
  void close();
  /// An answer begins: the client must take it at its pace.
  void begin_sending();
  /// The bytes handed to the kernel that the client has not taken.
  std::size_t waiting_bytes();
  std::string response_head(const HttpResponse& response, bool keep_alive, bool stream) const;
  std::string choose_request_id() const;
  void limit_time(Clock::duration from_now) { set_deadline(Clock::now() + from_now); }
  void set_deadline(Clock::time_point deadline);
  /// Sets the deadline to when a body of which `taken` bytes have come since `begun` is too slow.
  void limit_body_time(Clock::time_point begun, std::uint64_t taken);
  void wake();

  HttpCore& core_;
  Socket socket_;
  const std::string address_;  // of the peer
  const std::string client_;
  AnswerPace pace_;
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer woken_;                        // cancelled to wake the coroutine
  Clock::time_point deadline_ = Clock::time_point::max();  // after which the watchdog interrupts
  Clock::time_point armed_ = Clock::time_point::max();     // what the watchdog sleeps until
  bool timed_out_ = false;
  bool ended_ = false;
  bool fresh_ = true;  // no request has come yet
  bool busy_ = false;  // between a request's first byte and its answer's last
  bool finishing_ = false;
  bool listening_ = false;                // reading on while an answer is made
  bool sending_ = false;                  // the deadline is the pace's
  bool gone_ = false;                     // nothing more can be sent
  bool unread_input_ = false;             // of a request that was answered before its end
  unsigned reads_ = 0;                    // of bodies
  std::string buffer_;                    // read and not yet used
  std::shared_ptr<HttpRequest> request_;  // shared with its task
  RequestHead head_;
  std::optional<HttpExchange::Answer> answer_;
  std::shared_ptr<StreamQueue> stream_;
};

}  // namespace thumbmill
