// EndSignal: tells threads that wait for a server that it is time to end.
#pragma once

#include <chrono>

#include "base/unique_fd.h"

namespace thumbmill {

/// Thread-safe. Set once, for good.
class EndSignal {
 public:
  EndSignal();

  void set();
  bool is_set() const { return wait_for(std::chrono::milliseconds(0)); }

  /// Waits until it is set, `time` at the longest; whether it is.
  bool wait_for(std::chrono::milliseconds time) const;

  /// Readable from when it is set.
  int fd() const { return fd_.get(); }

 private:
  const UniqueFd fd_;
};

}  // namespace thumbmill
