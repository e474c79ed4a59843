// ChildProcess: one decoder process, from its start to its burial.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/status.h"
#include "base/unique_fd.h"

namespace thumbmill {

/// How a process ended.
struct ProcessEnd {
  int signal = 0;          ///< that killed it, or 0
  int exit_code = 0;       ///< when no signal did
  std::string last_words;  ///< the end of what it wrote to stderr
};

/// One thread at a time. Kills and buries the process when it goes: there are no zombies.
class ChildProcess {
 public:
  /// Starts `command` (path first) with an almost empty environment, the socket's other end as
  /// kDecoderSocket and no other descriptor but null for input and output. exhausted or
  /// unavailable. It outlives this process only until its current image's CPU limit: a parent-death
  /// signal (prctl(2)) would come when the starting *thread* ends, and so cannot be used here.
  static Result<std::unique_ptr<ChildProcess>> start(const std::vector<std::string>& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  int socket() const { return socket_.get(); }

  /// Kills it if it still runs, waits for it, tells how it ended.
  ProcessEnd end();

  /// Resident memory in bytes, 0 when it cannot be told.
  std::uint64_t resident_bytes() const;

 private:
  ChildProcess(pid_t pid, UniqueFd socket, UniqueFd errors)
      : pid_(pid), socket_(std::move(socket)), errors_(std::move(errors)) {}

  pid_t pid_;  // -1 once it was waited for
  UniqueFd socket_;
  UniqueFd errors_;  // a memory file: its stderr
};

}  // namespace thumbmill
