// A real Redis or Valkey for tests.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

#include "temp_directory.h"

namespace thumbmill {

/// A server program that dies with the test. One thread at a time.
class ServerProcess {
 public:
  /// Starts it and waits until it has written `ready` to its standard output.
  ServerProcess(std::vector<std::string> command, std::string ready);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  /// SIGKILL: what it had not written to a file is gone.
  void kill();
  /// Starts it again, on the same files.
  void start();
  void suspend();
  void resume();

 private:
  const std::vector<std::string> command_;
  const std::string ready_;
  pid_t pid_ = -1;
  std::jthread output_reader_;  // so that the server never waits for a full pipe
};

/// Redis, or Valkey, on a socket in a directory of its own.
class RedisServer {
 public:
  static constexpr const char* kRedis = "redis-server";
  static constexpr const char* kValkey = "valkey-server";

  /// Whether that program is there. Tests skip, saying so, when it is not.
  static bool is_installed(const std::string& program = kRedis);

  /// With further command-line arguments. Keeps nothing on disk and has no port unless they say so.
  explicit RedisServer(std::vector<std::string> arguments = {},
                       const std::string& program = kRedis);

  ServerProcess& process() { return process_; }
  std::string socket_path() const { return directory_.path() + "/redis.sock"; }
  std::string url() const { return "redis+unix://" + socket_path(); }

 private:
  const TempDirectory directory_;
  ServerProcess process_;
};

/// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

}  // namespace thumbmill
