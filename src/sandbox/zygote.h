// Zygote: the pool's end of a small process that forks decoders: started by exec, so that nothing
// of this process is in it, it loads and warms what decoding needs once. What it does is
// zygote_main.h's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/status.h"
#include "base/unique_fd.h"
#include "sandbox/zygote_wire.h"

namespace thumbmill {

/// Thread-safe after start(). Its processes end with it.
class Zygote {
 public:
  /// Starts `command` (path first) with an almost empty environment, its socket as kDecoderSocket
  /// and no other descriptor but null for input and output, and waits until it is ready. exhausted;
  /// unavailable, with its last words when it ends instead, or when it is of another version.
  static Result<std::unique_ptr<Zygote>> start(const std::vector<std::string>& command);
  /// Waits until all its processes are gone.
  ~Zygote();
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;

  int socket() const { return socket_.get(); }
  pid_t pid() const { return pid_; }

  /// What it said of itself when it was ready; words of why it cannot confine, if so.
  const ZygoteHello& hello() const { return hello_; }
  std::string last_words() const;

 private:
  Zygote(pid_t pid, UniqueFd socket, UniqueFd words)
      : pid_(pid), socket_(std::move(socket)), words_(std::move(words)) {}

  Status await_hello();

  const pid_t pid_;
  UniqueFd socket_;
  UniqueFd words_;  // a memory file: its stderr
  ZygoteHello hello_;
};

}  // namespace thumbmill
