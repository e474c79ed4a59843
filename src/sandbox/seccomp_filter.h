// The system calls that a decoder process may make, as a program for the kernel (seccomp(2)). It
// says what is allowed and nothing of why a call is wanted; confine.h puts it into force. Internal
// to sandbox/.
#pragma once

#include <vector>

#include <linux/filter.h>
#include <sys/types.h>

#include "base/status.h"

namespace thumbmill {

/// An allowlist: computing, memory that is never executable, the given descriptors, threads, the
/// clock, the end of the process itself. What libraries probe for (files, terminals) is refused
/// with EACCES, any other call, or one of another architecture, kills the process. In builds with a
/// sanitizer, whose runtime needs much more, it is a denylist of what leads out: see
/// kSanitizerBuild. Costs about a millisecond. internal when libseccomp cannot make it.
Result<std::vector<sock_filter>> decoder_filter();

/// Kills the process that signals any other than `self`: seccomp compares with constants, so that
/// this part cannot be made before the process exists.
std::vector<sock_filter> own_signals_filter(pid_t self);

/// Puts a program into force for this thread and all that it will start; no way back. The errno.
int install_filter(const std::vector<sock_filter>& program);

/// Whether this program was built with a sanitizer. Then neither files nor executable memory are
/// refused, and tests of the confinement do not apply.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitizerBuild = true;
#else
inline constexpr bool kSanitizerBuild = false;
#endif

}  // namespace thumbmill
