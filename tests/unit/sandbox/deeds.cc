#include "deeds.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/decoder_main.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

// Numbers that Debian 12's headers do not all have; the same on every architecture.
constexpr long kIoUringSetup = 425, kPidfdGetfd = 438, kMemfdSecret = 447;

long raise(__rlimit_resource resource) {
  const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
  return ::setrlimit(resource, &more);
}

long map(int protection, int flags, int file) {
  return ::mmap(nullptr, 4096, protection, flags, file, 0) == MAP_FAILED ? -1 : 0;
}

void* some_page() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

long connect_to(int socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  return ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

long execute(long call) {
  std::array<char, 2> name{"x"};
  std::array<char*, 2> arguments{name.data(), nullptr};
  if (call == SYS_execve) return ::execve("/bin/true", arguments.data(), arguments.data() + 1);
  return ::syscall(SYS_execveat, AT_FDCWD, "/bin/true", arguments.data(), arguments.data() + 1, 0);
}

long peek_into_parent(long call) {
  std::array<char, 16> bytes{};
  iovec here{bytes.data(), bytes.size()}, there{bytes.data(), bytes.size()};
  return ::syscall(call, ::getppid(), &here, 1, &there, 1, 0);
}

// A process with the flags of a thread but one.
long clone_with(unsigned long flags) {
  return ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
}

long spin_for_ever() {
  (void)raise(RLIMIT_CPU);
  const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
  (void)::syscall(SYS_prlimit64, 0, RLIMIT_CPU, &more, nullptr);
  volatile bool forever = true;
  while (forever) {
  }
  return 0;
}

long fill_memory() {
  for (int i = 0; i < 4096; ++i) {
    void* chunk = ::mmap(nullptr, 16 << 20, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (chunk == MAP_FAILED) return -1;
  }
  return 0;
}

long multiply_descriptor(int socket) {
  for (int i = 0; i < 64; ++i) {
    if (::fcntl(socket, F_DUPFD, 0) < 0) return -1;
  }
  return 0;
}

constexpr Deed kDeeds[] = {
    // Files.
    {"open-a-file", Outcome::refused,
     [](int, int) -> long { return ::open("/etc/passwd", O_RDONLY); }},
    {"open-for-writing", Outcome::refused,
     [](int, int) -> long { return ::open("/tmp/taken-over", O_WRONLY | O_CREAT, 0600); }},
    {"open-own-memory", Outcome::refused,
     [](int, int) -> long { return ::open("/proc/self/mem", O_RDWR); }},
    {"open-parents-environment", Outcome::refused,
     [](int, int) -> long { return ::openat(AT_FDCWD, "/proc/self/../1/environ", O_RDONLY); }},
    {"reopen-the-source", Outcome::refused,
     [](int, int) -> long { return ::open("/proc/self/fd/4", O_RDWR); }},
    {"openat2", Outcome::refused,
     [](int, int) -> long {
       const std::array<std::uint64_t, 3> how{};
       return ::syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how.data(), sizeof(how));
     }},
    {"stat", Outcome::refused,
     [](int, int) -> long {
       struct stat facts {};
       return ::stat("/etc/passwd", &facts);
     }},
    {"readlink", Outcome::refused,
     [](int, int) -> long {
       std::array<char, 64> target{};
       return ::readlink("/proc/self/exe", target.data(), target.size());
     }},
    {"unlink", Outcome::killed, [](int, int) -> long { return ::unlink("/tmp/nothing"); }},
    {"mkdir", Outcome::killed, [](int, int) -> long { return ::mkdir("/tmp/taken-over", 0700); }},
    {"chroot", Outcome::killed, [](int, int) -> long { return ::chroot("/tmp"); }},
    {"change-the-sources-mode", Outcome::killed,
     [](int source, int) -> long { return ::fchmod(source, 0777); }},
    {"make-a-memory-file", Outcome::killed,
     [](int, int) -> long { return ::memfd_create("x", 0); }},
    {"write-to-the-source", Outcome::refused,
     [](int source, int) -> long { return ::pwrite(source, "x", 1, 0); }},
    {"map-the-source-for-writing", Outcome::refused,
     [](int source, int) -> long { return map(PROT_READ | PROT_WRITE, MAP_SHARED, source); }},
    // The output.
    {"grow-the-output", Outcome::killed,
     [](int, int output) -> long { return ::ftruncate(output, 1 << 30); }},
    {"write-past-the-output", Outcome::dies,
     [](int, int output) -> long {
       return ::pwrite(output, "xx", 2, static_cast<off_t>(kOutputBytes));
     }},
    {"store-past-the-output", Outcome::dies,
     [](int, int output) -> long {
       void* past = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, output,
                           static_cast<off_t>(kOutputBytes));
       if (past == MAP_FAILED) return -1;
       *static_cast<volatile char*>(past) = 1;
       return 0;
     }},
    // Networks and other processes' sockets.
    {"socket", Outcome::killed, [](int, int) -> long { return ::socket(AF_INET, SOCK_STREAM, 0); }},
    {"netlink", Outcome::killed,
     [](int, int) -> long { return ::socket(AF_NETLINK, SOCK_RAW, 0); }},
    {"socketpair", Outcome::killed,
     [](int, int) -> long {
       std::array<int, 2> pair{};
       return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data());
     }},
    {"connect", Outcome::killed, [](int, int) -> long { return connect_to(kDecoderSocket); }},
    {"bind", Outcome::killed,
     [](int, int) -> long {
       sockaddr_un address{};
       return ::bind(kDecoderSocket, reinterpret_cast<sockaddr*>(&address), sizeof(address));
     }},
    {"accept", Outcome::killed,
     [](int, int) -> long { return ::accept(kDecoderSocket, nullptr, nullptr); }},
    // Programs and processes.
    {"exec", Outcome::killed, [](int, int) -> long { return execute(SYS_execve); }},
    {"execveat", Outcome::killed, [](int, int) -> long { return execute(SYS_execveat); }},
    {"fork", Outcome::killed, [](int, int) -> long { return ::fork(); }},
    {"clone-a-process", Outcome::killed, [](int, int) -> long { return clone_with(0); }},
    {"clone-sharing-memory", Outcome::killed,
     [](int, int) -> long { return clone_with(CLONE_VM | CLONE_VFORK); }},
    {"clone-a-namespace", Outcome::killed,
     [](int, int) -> long { return clone_with(CLONE_NEWUSER); }},
    {"clone3", Outcome::refused,
     [](int, int) -> long {
       std::array<std::uint64_t, 11> arguments{};
       return ::syscall(SYS_clone3, arguments.data(), sizeof(arguments));
     }},
    {"ptrace-its-parent", Outcome::killed,
     [](int, int) -> long { return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr); }},
    {"read-its-parents-memory", Outcome::killed,
     [](int, int) -> long { return peek_into_parent(SYS_process_vm_readv); }},
    {"write-its-parents-memory", Outcome::killed,
     [](int, int) -> long { return peek_into_parent(SYS_process_vm_writev); }},
    {"kill-its-parent", Outcome::killed,
     [](int, int) -> long { return ::kill(::getppid(), SIGKILL); }},
    {"kill-everybody", Outcome::killed, [](int, int) -> long { return ::kill(-1, 0); }},
    {"tgkill-its-parent", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
    {"tkill-its-parent", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_tkill, ::getppid(), 0); }},
    {"limit-its-parent", Outcome::killed,
     [](int, int) -> long {
       return ::syscall(SYS_prlimit64, ::getppid(), RLIMIT_CPU, nullptr, nullptr);
     }},
    {"pidfd", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_pidfd_open, ::getppid(), 0); }},
    {"take-a-descriptor", Outcome::killed,
     [](int, int) -> long { return ::syscall(kPidfdGetfd, 0, 0, 0); }},
    // Code.
    {"map-executable-memory", Outcome::killed,
     [](int, int) -> long {
       return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
     }},
    {"map-the-output-executable", Outcome::killed,
     [](int, int output) -> long { return map(PROT_READ | PROT_EXEC, MAP_SHARED, output); }},
    {"make-memory-executable", Outcome::killed,
     [](int, int) -> long { return ::mprotect(some_page(), 4096, PROT_READ | PROT_EXEC); }},
    {"pkey-mprotect", Outcome::killed,
     [](int, int) -> long {
       return ::syscall(SYS_pkey_mprotect, some_page(), 4096, PROT_EXEC, -1);
     }},
    {"personality", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_personality, 0x0400000); }},
    // Rights and limits.
    {"become-dumpable", Outcome::killed,
     [](int, int) -> long { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
    {"another-filter", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, nullptr); }},
    {"setuid", Outcome::killed, [](int, int) -> long { return ::setuid(0); }},
    {"capset", Outcome::killed, [](int, int) -> long { return ::syscall(SYS_capset, 0, 0); }},
    {"raise-address-space", Outcome::refused, [](int, int) -> long { return raise(RLIMIT_AS); }},
    {"raise-cpu-time", Outcome::refused, [](int, int) -> long { return raise(RLIMIT_CPU); }},
    {"raise-descriptors", Outcome::killed, [](int, int) -> long { return raise(RLIMIT_NOFILE); }},
    {"more-descriptors", Outcome::killed,
     [](int, int) -> long { return multiply_descriptor(kDecoderSocket); }},
    {"fill-memory", Outcome::refused, [](int, int) -> long { return fill_memory(); }},
    {"count-processors", Outcome::refused,
     [](int, int) -> long {
       cpu_set_t processors;
       return ::sched_getaffinity(0, sizeof(processors), &processors);
     }},
    {"spin-for-ever", Outcome::dies, [](int, int) -> long { return spin_for_ever(); }},
    // The kernel's other doors.
    {"bpf", Outcome::killed, [](int, int) -> long { return ::syscall(SYS_bpf, 0, 0, 0); }},
    {"io_uring", Outcome::killed, [](int, int) -> long { return ::syscall(kIoUringSetup, 1, 0); }},
    {"perf_event_open", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_perf_event_open, 0, 0, 0, 0, 0); }},
    {"userfaultfd", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_userfaultfd, 0); }},
    {"memfd_secret", Outcome::killed, [](int, int) -> long { return ::syscall(kMemfdSecret, 0); }},
    {"keyctl", Outcome::killed, [](int, int) -> long { return ::syscall(SYS_keyctl, 0, 0, 0); }},
    {"mount", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_mount, 0, 0, 0, 0, 0); }},
    {"unshare", Outcome::killed, [](int, int) -> long { return ::unshare(CLONE_NEWUSER); }},
    {"setns", Outcome::killed, [](int, int) -> long { return ::syscall(SYS_setns, -1, 0); }},
    {"terminal", Outcome::refused,
     [](int, int) -> long { return ::ioctl(STDERR_FILENO, TIOCSTI, "x"); }},
    {"shared-memory", Outcome::killed,
     [](int, int) -> long { return ::syscall(SYS_shmget, 1, 1, 0); }},
    {"a-call-that-is-none", Outcome::killed, [](int, int) -> long { return ::syscall(4096); }},
#ifdef __x86_64__
    {"call-of-x32", Outcome::killed,
     [](int, int) -> long { return ::syscall(0x40000000 | SYS_getpid); }},
    {"call-of-i386", Outcome::killed,
     [](int, int) -> long {
       long result = 20;  // getpid there, writev here
       asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
       return result;
     }},
#endif
};

}  // namespace

std::span<const Deed> all_deeds() { return kDeeds; }

}  // namespace thumbmill
