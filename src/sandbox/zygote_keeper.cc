#include "sandbox/zygote_keeper.h"

#include <utility>

namespace thumbmill {

Result<std::unique_ptr<ZygoteKeeper>> ZygoteKeeper::start(std::vector<std::string> command,
                                                          bool confined, Logger& log) {
  std::unique_ptr<ZygoteKeeper> keeper(new ZygoteKeeper(std::move(command), confined, log));
  ASSIGN_OR_RETURN(keeper->zygote_, keeper->start_zygote());
  return keeper;
}

Result<std::shared_ptr<Zygote>> ZygoteKeeper::start_zygote() {
  auto started = Zygote::start(command_);
  if (!started.ok()) {
    // No image is to blame for it, a missing program included: it is worth another try later.
    const Code code = started.status().code();
    return Status(code == Code::exhausted ? code : Code::unavailable,
                  "decoders cannot be started: " + command_.front(), started.status().to_string());
  }
  std::shared_ptr<Zygote> zygote = std::move(started).value();
  if (confined_ && zygote->hello().can_confine == 0) {
    return Status(Code::unavailable,
                  "decoders cannot be confined on this machine: " + command_.front(),
                  zygote->last_words());
  }
  return zygote;
}

std::shared_ptr<Zygote> ZygoteKeeper::zygote() {
  const std::lock_guard lock(mutex_);
  return zygote_;
}

Result<std::unique_ptr<ChildProcess>> ZygoteKeeper::fork(const ForkOrder& order) {
  std::shared_ptr<Zygote> present = zygote();
  auto process = ChildProcess::start(*present, order);
  if (process.ok() || process.status().code() == Code::exhausted) return process;
  {
    // Held while a zygote starts: whoever else wants a process has to wait for it anyway.
    const std::lock_guard lock(mutex_);
    if (zygote_ == present) {
      log_.error("the decoders' zygote is gone; starting another",
                 {{"program", command_.front()}, {"stderr", present->last_words()}});
      ASSIGN_OR_RETURN(zygote_, start_zygote());
    }
    present = zygote_;
  }
  return ChildProcess::start(*present, order);
}

Result<Protection> ZygoteKeeper::test(const ForkOrder& order) {
  Result<Protection> found = test_protection(*zygote(), order);
  if (!found.ok()) return found.status().with_context(command_.front());
  return found;
}

}  // namespace thumbmill
