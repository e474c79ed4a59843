// Landlock (landlock(7)): a process's own denial of files, TCP and signals, kept by another part of
// the kernel than seccomp is. A second wall; kernels without it have the first. Internal to
// sandbox/.
#pragma once

namespace thumbmill {

/// The version of Landlock that this kernel offers; 0: none, or it is switched off.
int landlock_abi();

/// Denies this thread, and all that it will start, every right that `abi` knows of. The errno.
/// NO_NEW_PRIVS comes first.
int landlock_deny_all(int abi);

}  // namespace thumbmill
