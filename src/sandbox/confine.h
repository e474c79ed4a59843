// Confinement: what turns a process that was just forked into one that can compute and nothing
// else: docs/sandbox.md. It does not decide what a process is for, and does not know how it was
// made.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

#include "base/status.h"

namespace thumbmill {

/// The hard limits of one process: it cannot raise them again.
struct ProcessLimits {
  std::uint64_t memory_bytes = 0;  ///< address space
  std::uint64_t cpu_seconds = 0;   ///< of its whole life
};

/// Limits, no core dump, no new privileges, no capabilities, no debugger. Needs no right of any
/// kind, and no kernel feature younger than 3.5. The failure says what could not be given up.
Status give_up_rights(const ProcessLimits& limits);

/// Immutable. Prepared once in the process that forks, so that a fork costs no more than it must.
class Confinement {
 public:
  /// Makes the filter of system calls and finds out about Landlock. internal.
  static Result<Confinement> prepare();

  /// After give_up_rights(), in a process with one thread: Landlock where the kernel has it, then
  /// seccomp. No way back. unavailable, with the part that failed, when the kernel has no seccomp
  /// or refuses it; the caller ends the process then.
  Status enter() const;

  /// The version of Landlock that is used; 0: none.
  int landlock_abi() const { return landlock_abi_; }

 private:
  Confinement() = default;

  std::vector<sock_filter> filter_;
  int landlock_abi_ = 0;
};

/// not ok, naming it, when this process has memory that is executable and can be written to as
/// well, as machine code made at run time has: every fork would inherit it.
Status check_no_writable_code();

}  // namespace thumbmill
