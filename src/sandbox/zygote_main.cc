#include "sandbox/zygote_main.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "sandbox/confine.h"
#include "sandbox/decoder_main.h"
#include "sandbox/packet.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/self_test.h"
#include "sandbox/zygote_wire.h"

namespace thumbmill {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitUsage = 64;     // EX_USAGE
constexpr int kExitOrphan = 75;    // EX_TEMPFAIL of sysexits(3)
constexpr int kExitProtocol = 76;  // EX_PROTOCOL

// By the end of linux/wait.h; glibc names it from 2.36 on.
constexpr auto kWaitByPidfd = static_cast<idtype_t>(3);  // P_PIDFD

void say(const Status& status) { std::fprintf(stderr, "%s\n", status.to_string().c_str()); }

// A lock that another thread holds would be held in the forked process for ever.
Status check_one_thread() {
  if (kSanitizerBuild) return Status();  // its runtime has threads, and knows of forks
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  if (error || std::distance(begin(threads), end(threads)) == 1) return Status();
  return Status(Code::internal, "the sandbox: the zygote has more than one thread");
}

// One process, as long as it lives.
struct Child {
  UniqueFd pidfd;
  UniqueFd reports;
};

class ZygoteLoop {
 public:
  ZygoteLoop(int socket, const DecoderBody& decode) : socket_(socket), decode_(decode) {}

  int run();

 private:
  Status prepare();
  void fork_child(Packet packet);
  [[noreturn]] void become_child(const Packet& packet, const ForkOrder& order, pid_t parent);
  void bury(Child& child);
  void end_all();

  const int socket_;
  const DecoderBody& decode_;
  std::optional<Confinement> confinement_;
  std::vector<Child> children_;
};

Status ZygoteLoop::prepare() {
  RETURN_IF_ERROR(check_one_thread());
  RETURN_IF_ERROR(check_no_writable_code());
  ASSIGN_OR_RETURN(confinement_, Confinement::prepare());
  return Status();
}

int ZygoteLoop::run() {
  ZygoteHello hello;
  if (const Status prepared = prepare(); prepared.ok()) {
    hello.can_confine = 1;
    hello.landlock_abi = confinement_->landlock_abi();
  } else {
    say(prepared);
  }
  version_of_build().copy(hello.version, sizeof hello.version - 1);
  if (!send_packet(socket_, to_bytes(hello), {}).ok()) {
    say(Status(Code::invalid_argument, "a decoder is started by thumbmill itself, with a socket"));
    return kExitUsage;
  }
  while (true) {
    // The orders, then for each process its end, and the pool's loss of interest in it.
    std::vector<pollfd> watched{{socket_, POLLIN, 0}};
    for (const Child& child : children_) {
      watched.push_back({child.pidfd.get(), POLLIN, 0});
      watched.push_back({child.reports.get(), 0, 0});
    }
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return kExitProtocol;
    }
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (watched[2 * i + 1].revents != 0) {
        bury(children_[i]);
      } else if (watched[2 * i + 2].revents != 0) {
        ::syscall(SYS_pidfd_send_signal, children_[i].pidfd.get(), SIGKILL, nullptr, 0);
        children_[i].reports.reset();  // poll(2) passes it over from now on
      }
    }
    std::erase_if(children_, [](const Child& child) { return !child.pidfd.valid(); });
    if (watched[0].revents == 0) continue;
    Result<Packet> packet = receive_packet(socket_);
    if (!packet.ok()) break;
    fork_child(*std::move(packet));
  }
  end_all();
  return kExitOk;
}

void ZygoteLoop::fork_child(Packet packet) {
  const auto order = from_bytes<ForkOrder>(packet.bytes);
  if (!order || packet.descriptors.size() != 3) return;  // its sockets close, which says enough
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_child(packet, *order, parent);
  ForkReport report;
  report.error = pid < 0 ? errno : 0;
  report.pid = pid;
  UniqueFd pidfd;
  if (pid > 0) {
    pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd.valid()) report.error = errno;
  }
  UniqueFd& reports = packet.descriptors[2];
  const std::vector<int> handed =
      pidfd.valid() ? std::vector<int>{pidfd.get()} : std::vector<int>{};
  (void)send_packet(reports.get(), to_bytes(report), handed);  // else the pool has gone: see poll
  if (pidfd.valid()) {
    children_.push_back({std::move(pidfd), std::move(reports)});
  } else if (pid > 0) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

void ZygoteLoop::become_child(const Packet& packet, const ForkOrder& order, pid_t parent) {
  // First: from here on it cannot outlive the zygote. It may have died before.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != parent) ::_exit(kExitOrphan);
  // All of them are above the numbers they are put at: the zygote's own stand there.
  const bool placed = ::dup2(packet.descriptors[1].get(), STDERR_FILENO) >= 0 &&
                      ::dup2(packet.descriptors[0].get(), kDecoderSocket) >= 0;
  if (!placed) ::_exit(kExitUnconfined);
  ::closefrom(kDecoderSocket + 1);
  static_assert(kDecoderStatm == kDecoderSocket + 1);
  if (::open("/proc/self/statm", O_RDONLY | O_CLOEXEC) != kDecoderStatm) {
    say(status_from_errno(errno, "the sandbox: /proc/self/statm"));
    ::_exit(kExitUnconfined);
  }
  Status confined = give_up_rights({order.memory_bytes, order.cpu_seconds});
  if (confined.ok() && order.confined != 0) {
    confined = confinement_ ? confinement_->enter()
                            : Status(Code::internal, "the sandbox: it was not prepared");
  }
  if (!confined.ok()) {
    say(confined);
    ::_exit(kExitUnconfined);
  }
  // Nothing of the zygote's is to be flushed or destroyed here.
  ::_exit(order.probe == ForkOrder::kDecode
              ? decode_(kDecoderSocket)
              : run_probe(static_cast<Probe>(order.probe), kDecoderSocket));
}

void ZygoteLoop::bury(Child& child) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(child.pidfd.get());
  if (::waitid(kWaitByPidfd, id, &info, WEXITED) != 0) return;
  EndReport report;
  if (info.si_code == CLD_EXITED) {
    report.exit_code = info.si_status;
  } else {
    report.signal = info.si_status;
  }
  // The pool may have no interest any more.
  if (child.reports.valid()) (void)send_packet(child.reports.get(), to_bytes(report), {});
  child = Child();
}

void ZygoteLoop::end_all() {
  for (Child& child : children_) {
    ::syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0);
    bury(child);
  }
}

}  // namespace

int zygote_main(int socket, const DecoderBody& decode) { return ZygoteLoop(socket, decode).run(); }

int zygote_main(int socket, Thumbnailer& thumbnailer) {
  return zygote_main(socket,
                     [&thumbnailer](int decoder) { return decoder_main(decoder, thumbnailer); });
}

}  // namespace thumbmill
