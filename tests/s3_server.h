// A real S3 server for the tests of one program: one that tests/s3server/run starts, or one that is
// given to them.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "store/s3/s3_options.h"

namespace thumbmill {

/// Runs from construction until it goes. One thread at a time.
class S3TestServer {
 public:
  /// `kind` is "moto" (Python), "s3rver" (Node), "versitygw" (Go), or "given": the one that
  /// THUMBMILL_TEST_S3 names by its URL, which has a bucket "thumbmill-test" and takes the keys of
  /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
  explicit S3TestServer(const std::string& kind);
  ~S3TestServer();
  S3TestServer(const S3TestServer&) = delete;
  S3TestServer& operator=(const S3TestServer&) = delete;

  /// Empty when the server answers; else why it cannot be had here, for GTEST_SKIP.
  const std::string& missing() const { return missing_; }

  const std::string& url() const { return url_; }

  /// A part of the server's bucket that nobody has used before, with credentials that it takes.
  S3Options options();

 private:
  void start();

  const std::string kind_;
  std::string missing_;
  std::string url_;
  pid_t pid_ = -1;  // of one that was started
  UniqueFd input_;  // it ends when this is closed
  const std::string parts_of_;
  int parts_ = 0;
};

}  // namespace thumbmill
