#include "sandbox/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sandbox/decoder_main.h"

namespace thumbmill {
namespace {

constexpr std::size_t kLastWords = 2048;
constexpr off_t kMostWords = 64 * 1024;

// Of a fixed size: a process that never stops complaining must not fill the memory.
UniqueFd make_words_file() {
  UniqueFd file(::memfd_create("decoder-stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid() || ::ftruncate(file.get(), kMostWords) != 0 ||
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return UniqueFd();
  }
  return file;
}

// posix_spawn(3)'s two objects, with their failures collected.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int prepare(int socket, int errors) {
    // The parent blocks and ignores signals as a server does; the decoder starts with none of that.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int failed =
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0) failed = posix_spawnattr_setsigmask(&attributes_, &none);
    if (failed == 0) failed = posix_spawnattr_setsigdefault(&attributes_, &all);
    if (failed == 0)
      failed = posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
      failed = posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions_, errors, 2);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&actions_, socket, kDecoderSocket);
    if (failed == 0)
      failed = posix_spawn_file_actions_addclosefrom_np(&actions_, kDecoderSocket + 1);
    return failed;
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const std::vector<std::string>& command) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return status_from_errno(errno, "making a decoder's socket");
  }
  UniqueFd ours(pair[0]);
  // Away from the numbers that the child's own descriptors are put at, so that none overwrites it.
  const UniqueFd low(pair[1]);
  const UniqueFd theirs(::fcntl(low.get(), F_DUPFD_CLOEXEC, 10));
  const UniqueFd errors_low = make_words_file();
  UniqueFd errors(::fcntl(errors_low.get(), F_DUPFD_CLOEXEC, 10));
  if (!theirs.valid() || !errors.valid())
    return status_from_errno(errno, "making a decoder's descriptors");

  SpawnPlan plan;
  if (const int failed = plan.prepare(theirs.get(), errors.get())) {
    return status_from_errno(failed, "preparing a decoder process");
  }
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  // Two arenas keep glibc from giving every thread a heap of its own; warnings of libvips would
  // only fill the memory file.
  std::array<std::string, 3> variables{"MALLOC_ARENA_MAX=2", "VIPS_WARNING=0", "LC_ALL=C"};
  std::array<char*, 4> environment{variables[0].data(), variables[1].data(), variables[2].data(),
                                   nullptr};
  pid_t pid = -1;
  if (const int failed = posix_spawn(&pid, arguments[0], plan.actions(), plan.attributes(),
                                     arguments.data(), environment.data())) {
    return status_from_errno(failed, "starting a decoder process");
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, std::move(ours), std::move(errors)));
}

ChildProcess::~ChildProcess() { end(); }

ProcessEnd ChildProcess::end() {
  ProcessEnd end;
  if (pid_ < 0) return end;
  // The pid is ours until it is waited for, so that no other process can be hit.
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (WIFEXITED(status)) end.exit_code = WEXITSTATUS(status);
  // The process shares our offset into the file: it is where its words end.
  const off_t words = std::min(::lseek(errors_.get(), 0, SEEK_CUR), kMostWords);
  if (words > 0) {
    const auto size = std::min<std::size_t>(static_cast<std::size_t>(words), kLastWords);
    end.last_words.resize(size);
    const ssize_t got =
        ::pread(errors_.get(), end.last_words.data(), size, words - static_cast<off_t>(size));
    end.last_words.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  }
  return end;
}

std::uint64_t ChildProcess::resident_bytes() const {
  const std::string path = fmt::format("/proc/{}/statm", pid_);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  unsigned long long total = 0, resident = 0;
  if (file == nullptr || std::fscanf(file.get(), "%llu %llu", &total, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace thumbmill
