#include "sandbox/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/packet.h"
#include "sandbox/zygote.h"

namespace thumbmill {
namespace {

constexpr std::size_t kLastWords = 2048;
constexpr off_t kMostWords = 64 * 1024;
// A zygote does nothing that takes long; one that is stopped or starved for so long is given up.
constexpr int kZygotePatience_ms = 30'000;

struct SocketPair {
  UniqueFd ours, theirs;
};

Result<SocketPair> make_pair_of_sockets() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return status_from_errno(errno, "making a decoder's socket");
  }
  return SocketPair{UniqueFd(pair[0]), UniqueFd(pair[1])};
}

// The zygote's next message about a process.
Result<Packet> receive_report(int socket, int patience_ms) {
  pollfd watched{socket, POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&watched, 1, patience_ms)) < 0 && errno == EINTR) {
  }
  if (ready <= 0) return Status(Code::unavailable, "nothing is heard of a decoder process");
  Result<Packet> report = receive_packet(socket);
  if (!report.ok()) return Status(Code::unavailable, "a decoder's zygote is gone");
  return report;
}

}  // namespace

Result<UniqueFd> make_words_file() {
  UniqueFd file(::memfd_create("decoder-stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() || ::ftruncate(file.get(), kMostWords) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return status_from_errno(errno, "making a decoder's stderr");
  }
  return file;
}

std::string read_last_words(int file) {
  std::string words;
  // The process shares our offset into the file: it is where its words end.
  const off_t end = std::min(::lseek(file, 0, SEEK_CUR), kMostWords);
  if (end <= 0) return words;
  words.resize(std::min<std::size_t>(static_cast<std::size_t>(end), kLastWords));
  const ssize_t got =
      ::pread(file, words.data(), words.size(), end - static_cast<off_t>(words.size()));
  words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return words;
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Zygote& zygote, const ForkOrder& order) {
  ASSIGN_OR_RETURN(SocketPair work, make_pair_of_sockets());
  ASSIGN_OR_RETURN(SocketPair reports, make_pair_of_sockets());
  ASSIGN_OR_RETURN(UniqueFd words, make_words_file());
  RETURN_IF_ERROR(send_packet(zygote.socket(), to_bytes(order),
                              {work.theirs.get(), words.get(), reports.theirs.get()}));
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(std::move(work.ours), std::move(reports.ours), std::move(words)));
}

void ChildProcess::await_fork() {
  if (std::exchange(forked_, true)) return;
  Result<Packet> packet = receive_report(reports_.get(), kZygotePatience_ms);
  if (!packet.ok()) {
    lost_ = packet.status();
    return;
  }
  const auto report = from_bytes<ForkReport>(packet->bytes);
  if (!report || report->error != 0 || packet->descriptors.size() != 1) {
    lost_ = status_from_errno(report ? report->error : EPROTO, "forking a decoder process");
    return;
  }
  pid_ = report->pid;
  pidfd_ = std::move(packet->descriptors.front());
}

pid_t ChildProcess::pid() {
  await_fork();
  return pid_;
}

ProcessEnd ChildProcess::end() {
  await_fork();
  // A pidfd never means another process than this one.
  if (pidfd_.valid()) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  return wait(kZygotePatience_ms);
}

ProcessEnd ChildProcess::wait(int patience_ms) {
  await_fork();
  ProcessEnd end;
  end.lost = lost_;
  if (!lost_.ok()) return end;
  const Result<Packet> packet = receive_report(reports_.get(), patience_ms);
  const auto report = packet.ok() ? from_bytes<EndReport>(packet->bytes) : std::nullopt;
  if (report) {
    end.signal = report->signal;
    end.exit_code = report->exit_code;
  } else {
    end.lost = packet.ok() ? Status(Code::internal, "a report that is none") : packet.status();
  }
  lost_ = Status(Code::unavailable, "a decoder process that has ended");
  end.last_words = read_last_words(words_.get());
  return end;
}

std::uint64_t ChildProcess::resident_bytes() {
  // Opened once: this is asked after every image, and looking the path up is most of the answer.
  if (!statm_.valid()) {
    statm_.reset(::open(fmt::format("/proc/{}/statm", pid()).c_str(), O_RDONLY | O_CLOEXEC));
  }
  std::array<char, 128> text{};
  if (::pread(statm_.get(), text.data(), text.size() - 1, 0) <= 0) return 0;
  unsigned long long total = 0, resident = 0;
  if (std::sscanf(text.data(), "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds ChildProcess::cpu_time() {
  if (!cpu_clock_) {
    clockid_t clock = 0;
    if (pid() < 0 || ::clock_getcpuclockid(pid(), &clock) != 0) return {};
    cpu_clock_ = clock;
  }
  timespec used{};
  if (::clock_gettime(*cpu_clock_, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace thumbmill
