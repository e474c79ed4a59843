// ChildProcess: one process that a zygote has forked, from the order to its end. It knows nothing
// of what the process does; what to send it is the pool's affair.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>
#include <time.h>

#include "base/status.h"
#include "base/unique_fd.h"
#include "sandbox/zygote_wire.h"

namespace thumbmill {

class Zygote;

/// How a process ended.
struct ProcessEnd {
  int signal = 0;          ///< that killed it, or 0
  int exit_code = 0;       ///< when no signal did
  std::string last_words;  ///< the end of what it wrote to stderr
  Status lost;             ///< not ok: nobody knows, for its zygote is gone, or could not fork
};

/// A memory file to be a process's stderr, of a fixed size: one that never stops complaining must
/// not fill the memory.
Result<UniqueFd> make_words_file();
/// The end of what was written to it through any descriptor that shares `file`'s offset.
std::string read_last_words(int file);

/// One thread at a time. When it goes, the process is killed.
class ChildProcess {
 public:
  /// Has the zygote fork. Does not wait for that: what is sent to the socket waits for the process.
  /// unavailable when the zygote is gone; exhausted.
  static Result<std::unique_ptr<ChildProcess>> start(Zygote& zygote, const ForkOrder& order);
  /// The zygote kills and buries a process whose report socket is closed.
  ~ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// The decoder's end is its descriptor kDecoderSocket.
  int socket() const { return socket_.get(); }

  /// Its id; -1 when there is none. Waits for the fork.
  pid_t pid();

  /// Kills it if it still runs, waits until it is buried, tells how it ended. Once.
  ProcessEnd end();

  /// Waits for it to end by itself, and tells how. Once. lost at the end of `patience`.
  ProcessEnd wait(int patience_ms);

  /// Resident memory in bytes, 0 when it cannot be told.
  std::uint64_t resident_bytes();

  /// Processor time of all its threads since the fork, 0 when it cannot be told.
  std::chrono::nanoseconds cpu_time();

 private:
  ChildProcess(UniqueFd socket, UniqueFd reports, UniqueFd words)
      : socket_(std::move(socket)), reports_(std::move(reports)), words_(std::move(words)) {}

  void await_fork();

  UniqueFd socket_;
  UniqueFd reports_;
  UniqueFd words_;
  bool forked_ = false;  // the zygote has answered; pid_ and pidfd_, or lost_, say what
  Status lost_;
  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd statm_;  // of proc(5); it is this process's for ever, whoever gets its id
  std::optional<clockid_t> cpu_clock_;
};

}  // namespace thumbmill
