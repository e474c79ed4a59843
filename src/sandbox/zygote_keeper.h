// ZygoteKeeper: has a program's zygote fork, and starts another zygote when that one is gone.
// Internal to sandbox/.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "sandbox/child_process.h"
#include "sandbox/protection.h"
#include "sandbox/zygote.h"

namespace thumbmill {

/// Thread-safe.
class ZygoteKeeper {
 public:
  /// Starts `command` as Zygote::start() does. unavailable, naming the program, when it cannot be
  /// started, or when its processes are to be `confined` and cannot be; exhausted.
  static Result<std::unique_ptr<ZygoteKeeper>> start(std::vector<std::string> command,
                                                     bool confined, Logger& log);

  /// As ChildProcess::start(), after starting another zygote, once, when there is none any more.
  Result<std::unique_ptr<ChildProcess>> fork(const ForkOrder& order);

  /// test_protection() on the zygote of now.
  Result<Protection> test(const ForkOrder& order);

 private:
  ZygoteKeeper(std::vector<std::string> command, bool confined, Logger& log)
      : command_(std::move(command)), confined_(confined), log_(log) {}

  Result<std::shared_ptr<Zygote>> start_zygote();
  std::shared_ptr<Zygote> zygote();

  const std::vector<std::string> command_;
  const bool confined_;
  Logger& log_;
  std::mutex mutex_;
  // Shared with the threads that are having it fork while another thread replaces it.
  std::shared_ptr<Zygote> zygote_;  // guarded by mutex_
};

}  // namespace thumbmill
