#include "sandbox/confine.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/landlock.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

constexpr rlim_t kDescriptors = 32;

// Both limits, the one that counts and the one that it may be raised to; never raises either.
int limit(__rlimit_resource resource, rlim_t most) {
  rlimit present{};
  if (::getrlimit(resource, &present) != 0) return errno;
  present.rlim_max = std::min(most, present.rlim_max);
  present.rlim_cur = std::min(present.rlim_cur, present.rlim_max);
  return ::setrlimit(resource, &present) == 0 ? 0 : errno;
}

// Not from libcap: three words for the kernel (capset(2)).
int drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

Status failed(int error, const char* what) {
  return status_from_errno(error, std::string("the sandbox: ") + what);
}

}  // namespace

Status give_up_rights(const ProcessLimits& limits) {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return failed(errno, "PR_SET_DUMPABLE");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed(errno, "NO_NEW_PRIVS");
  if (const int error = drop_capabilities()) return failed(error, "capabilities");
  // Not NPROC: it counts a user's processes across the whole node. FSIZE bounds writes to memory
  // files too (and would kill for them), so that it has to leave room for the output.
  int error = limit(RLIMIT_CORE, 0);
  if (error == 0) error = limit(RLIMIT_NOFILE, kDescriptors);
  if (error == 0) error = limit(RLIMIT_FSIZE, kOutputBytes);
  if (error == 0) error = limit(RLIMIT_CPU, limits.cpu_seconds);
  // A sanitizer's shadow memory takes terabytes of address space.
  if (error == 0 && !kSanitizerBuild) error = limit(RLIMIT_AS, limits.memory_bytes);
  return error == 0 ? Status() : failed(error, "resource limits");
}

Result<Confinement> Confinement::prepare() {
  Confinement confinement;
  ASSIGN_OR_RETURN(confinement.filter_, decoder_filter());
  confinement.landlock_abi_ = kSanitizerBuild ? 0 : thumbmill::landlock_abi();
  return confinement;
}

Status Confinement::enter() const {
  if (landlock_abi_ > 0) {
    if (const int error = landlock_deny_all(landlock_abi_)) return failed(error, "Landlock");
  }
  if (const int error = install_filter(own_signals_filter(::getpid()))) {
    return failed(error, "seccomp");
  }
  const int error = install_filter(filter_);
  return error == 0 ? Status() : failed(error, "seccomp");
}

Status check_no_writable_code() {
  if (kSanitizerBuild) return Status();
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    // "start-end rwxp ..." (proc(5)); what is shared may be mapped for writing elsewhere.
    const std::size_t at = line.find(' ');
    if (at == std::string::npos || line.size() < at + 5) continue;
    const bool code = line[at + 3] == 'x';
    if (code && (line[at + 2] == 'w' || line[at + 4] == 's')) {
      return Status(Code::internal, "the sandbox: memory that is both code and data", line);
    }
  }
  return Status();
}

}  // namespace thumbmill
