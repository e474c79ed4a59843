// A real S3 server for the tests of one program, as tests/s3server/run starts it.
#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "store/s3/s3_options.h"

namespace thumbmill {

/// Runs from construction until it goes. One thread at a time.
class S3TestServer {
 public:
  /// `kind` is "moto" (Python), "s3rver" (Node) or "versitygw" (Go).
  explicit S3TestServer(const std::string& kind);
  ~S3TestServer();
  S3TestServer(const S3TestServer&) = delete;
  S3TestServer& operator=(const S3TestServer&) = delete;

  /// Empty when the server answers; else why it cannot be had here, for GTEST_SKIP.
  const std::string& missing() const { return missing_; }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// A part of the server's bucket that nobody has used before, with credentials that it takes.
  S3Options options();

 private:
  const std::string kind_;
  std::string missing_;
  pid_t pid_ = -1;
  UniqueFd input_;  // the server ends when this is closed
  std::uint16_t port_ = 0;
  int parts_ = 0;
};

}  // namespace thumbmill
