#include "sandbox/self_test.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/packet.h"
#include "sandbox/seccomp_filter.h"

namespace thumbmill {
namespace {

constexpr int kExitDone = 40;      // the kernel let it pass: whether it succeeded then or not
constexpr int kExitRefused = 41;   // with the errno of our own policy
constexpr int kExitComputed = 42;  // what is allowed has worked

constexpr std::array<std::string_view, kProbeCount> kNames{"compute",
                                                           "open a file",
                                                           "make a socket",
                                                           "connect",
                                                           "start a program",
                                                           "fork",
                                                           "map executable memory",
                                                           "make memory executable",
                                                           "trace its parent",
                                                           "signal its parent",
                                                           "read its parent's memory"};

// By number where glibc's wrapper may take another way: fork() is clone() in it.
long attempt(Probe probe) {
  switch (probe) {
    case Probe::open_file:
      return ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    case Probe::make_socket:
      return ::socket(AF_INET, SOCK_STREAM, 0);
    case Probe::connect: {
      sockaddr_un nowhere{};
      nowhere.sun_family = AF_UNIX;
      return ::connect(STDERR_FILENO, reinterpret_cast<sockaddr*>(&nowhere), sizeof(nowhere));
    }
    case Probe::exec: {
      std::array<char, 2> name{"x"};
      std::array<char*, 2> arguments{name.data(), nullptr};
      return ::execve("/proc/self/exe", arguments.data(), arguments.data() + 1);
    }
    case Probe::fork:
      return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    case Probe::map_code:
      return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                     MAP_FAILED
                 ? -1
                 : 0;
    case Probe::turn_into_code: {
      void* page =
          ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      return ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
    }
    case Probe::ptrace:
      // Not PTRACE_ATTACH, which would stop the zygote where it is allowed, and the test with it.
      return ::ptrace(PTRACE_SEIZE, ::getppid(), nullptr, nullptr);
    case Probe::signal_parent:
      return ::kill(::getppid(), 0);
    case Probe::read_parent: {
      char byte = 0;
      iovec here{&byte, 1}, there{&byte, 1};
      return ::syscall(SYS_process_vm_readv, ::getppid(), &here, 1, &there, 1, 0);
    }
    case Probe::compute:
      break;
  }
  return -1;
}

// Memory, a thread, the clock: what no decoder can do without.
bool compute() {
  std::vector<std::uint64_t> numbers(1 << 20, 1);
  std::uint64_t sum = 0;
  std::thread([&] {
    for (const std::uint64_t number : numbers) sum += number;
  }).join();
  return sum == numbers.size() && std::chrono::steady_clock::now().time_since_epoch().count() > 0;
}

// Builds with a sanitizer allow its runtime these: seccomp_filter.h.
bool is_asked(Probe probe) {
  const bool allowed_there = probe == Probe::open_file || probe == Probe::fork ||
                             probe == Probe::map_code || probe == Probe::turn_into_code ||
                             probe == Probe::signal_parent;
  return !kSanitizerBuild || !allowed_there;
}

}  // namespace

std::string_view probe_name(Probe probe) { return kNames.at(static_cast<std::size_t>(probe)); }

int run_probe(Probe probe, int socket) {
  if (!is_asked(probe)) return kExitRefused;
  if (probe == Probe::compute) {
    const bool works =
        compute() && send_packet(socket, "ready", {}).ok() && receive_packet(socket).ok();
    return works ? kExitComputed : kExitDone;
  }
  errno = 0;
  const bool refused = attempt(probe) == -1 && errno == EACCES;
  return refused ? kExitRefused : kExitDone;
}

Status judge_probe(Probe probe, const ProcessEnd& end) {
  if (end.signal == 0 && end.exit_code == kExitUnconfined) {
    return Status(Code::unavailable, "a decoder process cannot be confined", end.last_words);
  }
  const bool refused = end.signal == SIGSYS || (end.signal == 0 && end.exit_code == kExitRefused);
  const bool computed = end.signal == 0 && end.exit_code == kExitComputed;
  if (probe == Probe::compute ? computed : refused) return Status();
  const std::string how = end.signal != 0 ? fmt::format("signal {}", end.signal)
                                          : fmt::format("exit code {}", end.exit_code);
  if (probe == Probe::compute) {
    return Status(Code::internal, "the sandbox does not let a decoder process work", how);
  }
  return Status(
      Code::internal,
      fmt::format("the sandbox does not hold: a confined process could {}", probe_name(probe)),
      how);
}

}  // namespace thumbmill
