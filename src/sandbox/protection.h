// Protection: what confines decoders on this machine, found out by trying. The pool asks once, at
// its start; `thumbmill doctor` shows the answer.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "sandbox/zygote.h"
#include "sandbox/zygote_wire.h"

namespace thumbmill {

struct Protection {
  bool confined = false;             ///< false: sandbox=off, and nothing below holds
  int landlock_abi = 0;              ///< 0: this kernel has none
  std::vector<std::string> refused;  ///< what confined processes have tried in vain
  /// Lines of a confined process's /proc/<pid>/status: Seccomp, NoNewPrivs, CapEff, Uid; empty when
  /// it cannot be read.
  std::string seen_from_outside;
};

/// Has processes, confined by `order`, try everything that is forbidden, one deed each. internal,
/// naming the deed, when one was not refused, or when the kernel's own view of such a process is
/// not that of a confined one; unavailable, saying why, when none can be confined.
Result<Protection> test_protection(Zygote& zygote, ForkOrder order);

}  // namespace thumbmill
