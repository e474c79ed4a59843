#include "sandbox/seccomp_filter.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace thumbmill {
namespace {

// Calls that are fine with any arguments. Nothing here takes a path, makes a descriptor other than
// by receiving one, or reaches another process.
constexpr std::array kAllowed{
    // The descriptors that were handed over.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
    SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll),
    // Memory.
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    // Threads.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(getcpu), SCMP_SYS(gettid), SCMP_SYS(exit),
    // Time and chance.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
    // Signals to itself: own_signals_filter() sees to that.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(tgkill),
    // What it is told of itself.
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
    SCMP_SYS(getegid), SCMP_SYS(getrusage), SCMP_SYS(sysinfo), SCMP_SYS(uname),
    SCMP_SYS(exit_group)};

// Libraries ask for files, terminals and scheduling as a matter of course, and do without. Without
// the number of processors dav1d, as libheif calls it, works on one thread. On a machine with 64
// its threads would map 80 MiB more than the image was admitted with (memory_limit.h).
constexpr std::array kRefused{SCMP_SYS(open),
                              SCMP_SYS(openat),
                              SCMP_SYS(openat2),
                              SCMP_SYS(stat),
                              SCMP_SYS(lstat),
                              SCMP_SYS(newfstatat),
                              SCMP_SYS(statx),
                              SCMP_SYS(access),
                              SCMP_SYS(faccessat),
                              SCMP_SYS(faccessat2),
                              SCMP_SYS(readlink),
                              SCMP_SYS(readlinkat),
                              SCMP_SYS(getcwd),
                              SCMP_SYS(statfs),
                              SCMP_SYS(fstatfs),
                              SCMP_SYS(getdents64),
                              SCMP_SYS(ioctl),
                              SCMP_SYS(sched_getaffinity),
                              SCMP_SYS(sched_setaffinity),
                              SCMP_SYS(sched_getattr),
                              SCMP_SYS(sched_setattr),
                              SCMP_SYS(sched_getparam),
                              SCMP_SYS(sched_getscheduler),
                              SCMP_SYS(sched_setscheduler),
                              SCMP_SYS(getpriority),
                              SCMP_SYS(setpriority)};

// These fall back to what is allowed when the kernel seems not to know them. clone3 takes its flags
// by pointer, where no filter can look.
constexpr std::array kUnknown{SCMP_SYS(clone3), SCMP_SYS(get_mempolicy), SCMP_SYS(set_mempolicy),
                              SCMP_SYS(mbind), SCMP_SYS(membarrier)};

// What a sanitizer build kills for. Elsewhere everything that is not named above is killed for.
constexpr std::array kKilledEverywhere{SCMP_SYS(socket),
                                       SCMP_SYS(socketpair),
                                       SCMP_SYS(connect),
                                       SCMP_SYS(bind),
                                       SCMP_SYS(listen),
                                       SCMP_SYS(accept),
                                       SCMP_SYS(accept4),
                                       SCMP_SYS(execve),
                                       SCMP_SYS(execveat),
                                       SCMP_SYS(fork),
                                       SCMP_SYS(vfork),
                                       SCMP_SYS(ptrace),
                                       SCMP_SYS(process_vm_readv),
                                       SCMP_SYS(process_vm_writev),
                                       SCMP_SYS(bpf),
                                       SCMP_SYS(io_uring_setup),
                                       SCMP_SYS(perf_event_open),
                                       SCMP_SYS(mount),
                                       SCMP_SYS(unshare),
                                       SCMP_SYS(setns),
                                       SCMP_SYS(keyctl),
                                       SCMP_SYS(userfaultfd)};

// What glibc's pthread_create() asks of clone(), and nothing else: no process, no namespace.
constexpr scmp_datum_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                      CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
                                      CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

// One of a call's arguments, compared with `value`; masked, with what is left of it by `value`.
// libseccomp's own macros are compound literals, which C++ does not have.
constexpr scmp_arg_cmp argument(unsigned number, scmp_compare how, scmp_datum_t value,
                                scmp_datum_t masked = 0) {
  return {number, how, value, masked};
}

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// Adds rules and remembers the first that failed. A call that this architecture does not have (open
// on arm64) is none to be allowed: libseccomp passes it over.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  template <typename... Conditions>
  void add(std::uint32_t action, int call, Conditions... conditions) {
    const int failed =
        seccomp_rule_add(filter_, action, call, sizeof...(conditions), conditions...);
    if (failed != 0 && error_ == 0) error_ = -failed;
  }
  template <std::size_t N>
  void add_all(std::uint32_t action, const std::array<int, N>& calls) {
    for (const int call : calls) add(action, call);
  }
  int error() const { return error_; }

 private:
  scmp_filter_ctx filter_;
  int error_ = 0;
};

void add_decoder_rules(Rules& rules) {
  rules.add_all(SCMP_ACT_ALLOW, kAllowed);
  rules.add_all(SCMP_ACT_ERRNO(EACCES), kRefused);
  rules.add_all(SCMP_ACT_ERRNO(ENOSYS), kUnknown);
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    rules.add(SCMP_ACT_ALLOW, call, argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  }
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), argument(0, SCMP_CMP_EQ, kThreadFlags));
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), argument(0, SCMP_CMP_EQ, PR_SET_NAME));
  for (const scmp_datum_t harmless : {F_GETFD, F_SETFD, F_GETFL}) {
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), argument(1, SCMP_CMP_EQ, harmless));
  }
  // Its own limits: to be read, and two of them to be set for each image, where the hard limit,
  // which a process without capabilities cannot raise, holds.
  rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), argument(0, SCMP_CMP_EQ, 0),
            argument(2, SCMP_CMP_EQ, 0));
  for (const scmp_datum_t limit : {RLIMIT_CPU, RLIMIT_AS}) {
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), argument(0, SCMP_CMP_EQ, 0),
              argument(1, SCMP_CMP_EQ, limit));
  }
}

Result<std::vector<sock_filter>> exported(scmp_filter_ctx filter) {
  const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file.valid()) return status_from_errno(errno, "making the seccomp filter");
  if (const int failed = seccomp_export_bpf(filter, file.get()); failed != 0) {
    return status_from_errno(-failed, "making the seccomp filter");
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) {
    return status_from_errno(EIO, "reading the seccomp filter");
  }
  return program;
}

}  // namespace

Result<std::vector<sock_filter>> decoder_filter() {
  const Filter filter(
      seccomp_init(kSanitizerBuild ? SCMP_ACT_ALLOW : std::uint32_t{SCMP_ACT_KILL_PROCESS}));
  if (filter == nullptr) return Status(Code::internal, "libseccomp cannot start");
  int failed = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  // A binary tree: few comparisons for any call. Not there before 2.5, and not needed to be safe.
  (void)seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  Rules rules(filter.get());
  if (kSanitizerBuild) {
    rules.add_all(SCMP_ACT_KILL_PROCESS, kKilledEverywhere);
  } else {
    add_decoder_rules(rules);
  }
  if (failed == 0) failed = -rules.error();
  if (failed != 0) return status_from_errno(-failed, "making the seccomp filter");
  return exported(filter.get());
}

std::vector<sock_filter> own_signals_filter(pid_t self) {
  // Little-endian, as every architecture that this is built for: the low half of an argument first.
  constexpr std::uint32_t kFirstArgument = offsetof(seccomp_data, args);
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirstArgument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(self), 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
}

int install_filter(const std::vector<sock_filter>& program) {
  const sock_fprog handed{static_cast<unsigned short>(program.size()),
                          const_cast<sock_filter*>(program.data())};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &handed) == 0 ? 0 : errno;
}

}  // namespace thumbmill
