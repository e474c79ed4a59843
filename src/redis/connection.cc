#include "redis/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>

#include "redis/tls.h"

namespace thumbmill {
namespace {

constexpr std::chrono::milliseconds kProbePatience{500};

// Keeps a write to a closed connection from ending the process: hiredis and OpenSSL write without
// MSG_NOSIGNAL, and what a process does about SIGPIPE is not for a library to decide.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~SigpipeHeld() {
    if (sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    while (::sigtimedwait(&sigpipe_, nullptr, &at_once) < 0 && errno == EINTR) continue;
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeHeld(const SigpipeHeld&) = delete;
  SigpipeHeld& operator=(const SigpipeHeld&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t before_;
};

timeval to_timeval(std::chrono::milliseconds time) {
  return {.tv_sec = time.count() / 1000, .tv_usec = (time.count() % 1000) * 1000};
}

RedisReply converted(const redisReply& reply) {
  RedisReply result;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      result.type = RedisReply::Type::integer;
      result.integer = reply.integer;
      break;
    case REDIS_REPLY_ERROR:
      result.type = RedisReply::Type::error;
      result.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      result.type = RedisReply::Type::text;
      result.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:
      result.type = RedisReply::Type::list;
      for (std::size_t i = 0; i < reply.elements; ++i) {
        result.list.push_back(converted(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return result;
}

}  // namespace

bool RedisReply::is_error(std::string_view kind) const {
  return is_error() && text.starts_with(kind) &&
         (text.size() == kind.size() || text[kind.size()] == ' ');
}

Status status_of(const RedisReply& error) {
  if (error.is_error("OOM")) {
    return Status(Code::exhausted, "Redis is full: it uses all of its maxmemory", error.text);
  }
  // Redis 7.0 and later ones say so of a command in a script that the user has no right to.
  const bool no_right =
      error.text.find("user executing the script can't run") != std::string::npos ||
      error.text.find("ACL failure in script") != std::string::npos;
  const Code code = error.is_error("ERR") && !no_right ? Code::internal : Code::unavailable;
  return Status(code, "Redis refuses a command", error.text);
}

void RedisConnection::Free::operator()(redisContext* context) const { ::redisFree(context); }

RedisConnection::RedisConnection(Context context, RedisAddress address)
    : context_(std::move(context)), address_(std::move(address)) {}
RedisConnection::~RedisConnection() = default;
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;

Result<RedisConnection> RedisConnection::open(const RedisAddress& address, const std::string& ip,
                                              const RedisOptions& options) {
  const timeval patience = to_timeval(options.connect_timeout);
  Context context(address.unix_path.empty()
                      ? ::redisConnectWithTimeout(ip.c_str(), address.port, patience)
                      : ::redisConnectUnixWithTimeout(address.unix_path.c_str(), patience));
  if (!context) return Status(Code::exhausted, "no memory for a connection to Redis");
  RedisConnection connection(std::move(context), address);
  if (connection.context_->err != 0) return connection.failure("cannot connect to Redis");
  if (::redisSetTimeout(connection.context_.get(), to_timeval(options.command_timeout)) !=
      REDIS_OK) {
    return connection.failure("cannot set the time-out of the connection to Redis");
  }
  // Ends a connection whose other end has vanished without a word, while it waits for jobs.
  if (address.unix_path.empty() && ::redisEnableKeepAlive(connection.context_.get()) != REDIS_OK) {
    return connection.failure("cannot keep the connection to Redis alive");
  }
  if (options.tls) {
    const SigpipeHeld held;
    ASSIGN_OR_RETURN(connection.tls_, RedisTls::begin(connection.context_->fd, address, options));
  }
  return connection;
}

Status RedisConnection::failure(std::string_view doing) const {
  // With a time-out on the socket, hiredis reports its passing as a read or write that would block.
  const bool timed_out = context_->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT);
  return Status(Code::unavailable, fmt::format("{} at {}", doing, address_.to_string()),
                timed_out ? std::string(kNoAnswerInTime) : context_->errstr);
}

void RedisConnection::append(const RedisCommand& command) {
  std::vector<const char*> arguments;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : command) {
    arguments.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  const int count = static_cast<int>(command.size());
  if (!tls_) {
    ::redisAppendCommandArgv(context_.get(), count, arguments.data(), sizes.data());
    return;
  }
  char* text = nullptr;
  const auto size = ::redisFormatCommandArgv(&text, count, arguments.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  for_tls_.append(text, static_cast<std::size_t>(size));
  ::redisFreeCommand(text);
}

Status RedisConnection::flush() {
  const SigpipeHeld held;
  if (tls_) {
    const std::string bytes = std::exchange(for_tls_, {});
    return bytes.empty() ? Status() : tls_->write(bytes);
  }
  for (int done = 0; done == 0;) {
    errno = 0;
    if (::redisBufferWrite(context_.get(), &done) != REDIS_OK) {
      return failure("cannot send to Redis");
    }
  }
  return Status();
}

Status RedisConnection::receive() {
  if (!tls_) {
    errno = 0;
    if (::redisBufferRead(context_.get()) != REDIS_OK) return failure("cannot read from Redis");
    return Status();
  }
  // As large as the largest record: what TLS has decrypted is never left behind, where poll(2)
  // would not see it.
  std::array<char, 16 * 1024> bytes;
  ASSIGN_OR_RETURN(const std::size_t count, tls_->read(bytes));
  if (::redisReaderFeed(context_->reader, bytes.data(), count) != REDIS_OK) {
    return Status(Code::exhausted, "no memory for an answer of Redis");
  }
  return Status();
}

Result<std::optional<RedisReply>> RedisConnection::buffered_reply() {
  void* raw = nullptr;
  if (::redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) {
    return failure("cannot understand Redis");
  }
  if (raw == nullptr) return std::optional<RedisReply>();
  const std::unique_ptr<void, void (*)(void*)> reply(raw, ::freeReplyObject);
  return std::optional(converted(*static_cast<redisReply*>(raw)));
}

Result<RedisReply> RedisConnection::read() {
  while (true) {
    ASSIGN_OR_RETURN(std::optional<RedisReply> reply, buffered_reply());
    if (reply) return *std::move(reply);
    RETURN_IF_ERROR(flush());
    RETURN_IF_ERROR(receive());
  }
}

Result<RedisReply> RedisConnection::call(const RedisCommand& command) {
  append(command);
  return read();
}

Result<std::optional<RedisReply>> RedisConnection::read_unless_woken(
    int wake_fd, std::chrono::milliseconds patience) {
  RETURN_IF_ERROR(flush());
  while (true) {
    ASSIGN_OR_RETURN(std::optional<RedisReply> reply, buffered_reply());
    if (reply) return reply;
    pollfd ready[] = {{.fd = context_->fd, .events = POLLIN, .revents = 0},
                      {.fd = wake_fd, .events = POLLIN, .revents = 0}};
    const int count = ::poll(ready, 2, static_cast<int>(patience.count()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || ready[1].revents != 0) return std::optional<RedisReply>();
    RETURN_IF_ERROR(receive());
  }
}

bool RedisConnection::is_stale() const {
  // No reply is owed to an idle connection: whatever can be read is its end.
  pollfd ready{.fd = context_->fd, .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, 0) != 0;
}

bool speaks_tls(const RedisAddress& address, const std::string& ip, const RedisOptions& options) {
  if (!address.unix_path.empty()) return false;
  const timeval patience = to_timeval(std::min(options.connect_timeout, kProbePatience));
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(
      ::redisConnectWithTimeout(ip.c_str(), address.port, patience), ::redisFree);
  if (!context || context->err != 0) return false;
  if (::redisSetTimeout(context.get(), patience) != REDIS_OK) return false;
  const SigpipeHeld held;
  return RedisTls::is_spoken(context->fd);
}

bool answers_without_tls(const RedisAddress& address, const std::string& ip,
                         const RedisOptions& options) {
  RedisOptions plain = options;
  plain.tls = false;
  plain.connect_timeout = std::min(options.connect_timeout, kProbePatience);
  plain.command_timeout = std::min(options.command_timeout, kProbePatience);
  Result<RedisConnection> connection = RedisConnection::open(address, ip, plain);
  return connection.ok() && connection->call({"PING"}).ok();
}

}  // namespace thumbmill
