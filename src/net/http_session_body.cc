// HttpSession's reading of request bodies.
#include <algorithm>
#include <memory>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "net/http_session.h"

namespace thumbmill {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

Status cut_short() {
  return Status(Code::invalid_argument, "the body ended before it was complete");
}

// Where a body's bytes come to lie. Clients get more room as long as they fill what there is:
// thousands of slow ones must not have that much each.
class Piece {
 public:
  std::span<char> room(std::uint64_t most) {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<char[]>(size_);
    return {bytes_.get(), std::min<std::uint64_t>(size_, most)};
  }

  void filled(std::size_t count) {
    if (count == kLeastBytes && size_ == kLeastBytes) resize(kMostBytes);
    if (count < kLeastBytes / 4 && size_ == kMostBytes) resize(kLeastBytes);
  }

 private:
  static constexpr std::size_t kLeastBytes = 64 * 1024;
  static constexpr std::size_t kMostBytes = 256 * 1024;

  void resize(std::size_t size) {
    size_ = size;
    bytes_.reset();
  }

  std::size_t size_ = kLeastBytes;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace

HttpSession::Awaitable<Status> HttpSession::read_body(HttpTask& task) {
  if (request_->content_length && *request_->content_length > task.body_limit()) {
    co_return Status(Code::too_large, fmt::format("the body has {} bytes; {} are allowed",
                                                  *request_->content_length, task.body_limit()));
  }
  // A task that takes none is not waited for: its client learns at once that it may stop.
  if (task.body_limit() == 0) co_return Status(Code::too_large, "no body is taken here");
  limit_body_time(Clock::now(), 0);
  if (head_.expects_continue && buffer_.empty()) {
    const bool written = co_await write(kContinue);
    if (!written) co_return cut_short();
  }
  if (head_.chunked) co_return co_await read_chunked_body(task);
  co_return co_await read_plain_body(task, *request_->content_length);
}

HttpSession::Awaitable<Status> HttpSession::read_plain_body(HttpTask& task, std::uint64_t length) {
  const Clock::time_point begun = Clock::now();
  const std::string_view ahead = std::string_view(buffer_).substr(0, length);
  std::uint64_t taken = ahead.size();
  Status used = ahead.empty() ? Status() : task.on_body(ahead);
  buffer_.erase(0, taken);
  Piece piece;
  while (used.ok() && taken < length) {
    limit_body_time(begun, taken);
    // No more than the body: what comes behind it is the next request's.
    const std::span<char> room = piece.room(length - taken);
    const Result<std::size_t> got = co_await read_some(room);
    if (!got.ok()) co_return got.status();
    taken += *got;
    used = task.on_body({room.data(), *got});
    piece.filled(*got);
  }
  limit_body_time(begun, taken);
  co_return used;
}

HttpSession::Awaitable<Status> HttpSession::read_chunked_body(HttpTask& task) {
  const Clock::time_point begun = Clock::now();
  ChunkedDecoder decoder;
  std::uint64_t taken = 0;
  const auto sink = [&](std::string_view part) -> Status {
    taken += part.size();
    if (taken > task.body_limit()) {
      return Status(Code::too_large, fmt::format("the body is over the {} bytes that are allowed",
                                                 task.body_limit()));
    }
    return task.on_body(part);
  };
  while (!decoder.finished()) {
    if (buffer_.empty()) {
      buffer_.resize(kReadBytes);
      const Result<std::size_t> got = co_await read_some(buffer_);
      buffer_.resize(got.ok() ? *got : 0);
      if (!got.ok()) co_return got.status();
    }
    const Result<std::size_t> used = decoder.feed(buffer_, sink);
    if (!used.ok()) co_return used.status();
    buffer_.erase(0, *used);
    limit_body_time(begun, taken);
  }
  co_return Status();
}

HttpSession::Awaitable<Result<std::size_t>> HttpSession::read_some(std::span<char> into) {
  const asio::mutable_buffer buffer(into.data(), into.size());
  error_code error = asio::error::would_block;
  std::size_t got = 0;
  // What has come already is taken at once: a turn of the event loop may end on another thread. Not
  // always, for other connections wait for this one.
  if (++reads_ % kReadsInTurn != 0) got = socket_.read_some(buffer, error);
  if (error == asio::error::would_block) {
    got =
        co_await socket_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  }
  if (!error) co_return got;
  if (timed_out_) co_return Status(Code::deadline_exceeded, "the body came too slowly");
  if (error != asio::error::eof) {
    error_code ignored;
    socket_.close(ignored);
  }
  co_return cut_short();
}

// The average falls below the least rate at that moment, should no more come.
void HttpSession::limit_body_time(Clock::time_point begun, std::uint64_t taken) {
  const HttpLimits& limits = core_.options.limits;
  Clock::duration allowed = limits.body_time;
  if (limits.body_rate_bytes > 0) {
    const std::chrono::milliseconds paid(taken * 1000 / limits.body_rate_bytes);
    allowed = std::min(allowed, Clock::duration(limits.body_grace + paid));
  }
  set_deadline(begun + allowed);
}

}  // namespace thumbmill
