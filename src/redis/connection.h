// RedisConnection: one connection to one server, by hiredis, which stays hidden here. Knows the
// protocol (RESP2) and time-outs; nothing of who the master is, nor of reconnecting: see
// redis/connector.h and redis/client.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "redis/options.h"

struct redisContext;

namespace thumbmill {

class RedisTls;

/// The detail of a failure to get an answer in time.
inline constexpr std::string_view kNoAnswerInTime = "no answer in time";

/// A command with its arguments, each any bytes.
using RedisCommand = std::vector<std::string>;

/// What a server answered. Value.
struct RedisReply {
  enum class Type { nil, integer, text, error, list };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text;  ///< of a text, a status ("OK") or an error
  std::vector<RedisReply> list;

  bool is_error() const { return type == Type::error; }
  /// Whether it is an error of this kind, its first word: "NOSCRIPT", "READONLY".
  bool is_error(std::string_view kind) const;
};

/// The failure an error reply stands for: exhausted when the server is out of memory (OOM),
/// internal when it did not understand us (ERR), else unavailable: also when it denies a right.
Status status_of(const RedisReply& error);

/// One thread at a time; movable. After a failure it is of no more use.
class RedisConnection {
 public:
  /// Connects to `address`, whose host has the address `ip`, by TLS if `options` say so; does not
  /// log in. unavailable.
  static Result<RedisConnection> open(const RedisAddress& address, const std::string& ip,
                                      const RedisOptions& options);
  ~RedisConnection();
  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;

  /// Adds a command to those that the next read() sends.
  void append(const RedisCommand& command);

  /// Sends what was appended and reads the reply to the oldest unanswered command. unavailable
  /// when the server is gone or silent for options.command_timeout; an error reply is a reply.
  Result<RedisReply> read();

  /// append() and read() of a single command.
  Result<RedisReply> call(const RedisCommand& command);

  /// As read(), but waits for as long as `patience` and gives up when `wake_fd` becomes readable:
  /// then, and after `patience`, nothing.
  Result<std::optional<RedisReply>> read_unless_woken(int wake_fd,
                                                      std::chrono::milliseconds patience);

  /// Whether an idle connection is of no more use: the server has closed it.
  bool is_stale() const;

  const RedisAddress& address() const { return address_; }

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  using Context = std::unique_ptr<redisContext, Free>;

  RedisConnection(Context context, RedisAddress address);
  Status failure(std::string_view doing) const;
  Status flush();
  /// Waits for bytes of the server and gives them to hiredis' reader.
  Status receive();
  Result<std::optional<RedisReply>> buffered_reply();

  Context context_;
  RedisAddress address_;
  std::unique_ptr<RedisTls> tls_;  // on the context's socket; null without TLS
  std::string for_tls_;            // commands that were appended and not sent, with TLS
};

/// Whether a server that has just failed us would have answered the other way: each asks on a
/// connection of its own, for at most half a second, and says no when in doubt. For messages only.
bool speaks_tls(const RedisAddress& address, const std::string& ip, const RedisOptions& options);
bool answers_without_tls(const RedisAddress& address, const std::string& ip,
                         const RedisOptions& options);

}  // namespace thumbmill
