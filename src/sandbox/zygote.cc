#include "sandbox/zygote.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sandbox/child_process.h"
#include "sandbox/decoder_main.h"
#include "sandbox/packet.h"

namespace thumbmill {
namespace {

constexpr int kStartPatience_ms = 60'000;
constexpr int kEndPatience_ms = 5'000;

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

// Two arenas keep glibc from giving every thread a heap of its own. The rest saves what each forked
// process would do again: finding its libraries' functions, and learning image by image that freed
// memory is worth keeping. The two thresholds are the largest that glibc would arrive at by itself
// (mallopt(3)); the heap grows a mebibyte at a time.
std::array<std::string, 6> environment_of_decoders() {
  return {"MALLOC_ARENA_MAX=2",
          "LC_ALL=C",
          "LD_BIND_NOW=1",
          "MALLOC_MMAP_THRESHOLD_=33554432",
          "MALLOC_TRIM_THRESHOLD_=67108864",
          "MALLOC_TOP_PAD_=1048576"};
}

Result<pid_t> spawn(const std::vector<std::string>& command, int socket, int errors) {
  SpawnPlan plan;
  if (const int failed = plan.prepare(socket, errors)) {
    return status_from_errno(failed, "preparing a decoder process");
  }
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  auto variables = environment_of_decoders();
  std::array<char*, variables.size() + 1> environment{};
  for (std::size_t i = 0; i < variables.size(); ++i) environment[i] = variables[i].data();
  pid_t pid = -1;
  if (const int failed = posix_spawn(&pid, arguments[0], plan.actions(), plan.attributes(),
                                     arguments.data(), environment.data())) {
    return status_from_errno(failed, "starting a decoder process");
  }
  return pid;
}

}  // namespace

std::string_view version_of_build() { return THUMBMILL_VERSION; }

Result<std::unique_ptr<Zygote>> Zygote::start(const std::vector<std::string>& command) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return status_from_errno(errno, "making a zygote's socket");
  }
  UniqueFd ours(pair[0]);
  // Away from the numbers that the child's own descriptors are put at, so that none overwrites it.
  UniqueFd low(pair[1]);
  UniqueFd theirs(::fcntl(low.get(), F_DUPFD_CLOEXEC, 10));
  ASSIGN_OR_RETURN(const UniqueFd words_low, make_words_file());
  UniqueFd words(::fcntl(words_low.get(), F_DUPFD_CLOEXEC, 10));
  if (!theirs.valid() || !words.valid())
    return status_from_errno(errno, "making a zygote's descriptors");
  ASSIGN_OR_RETURN(const pid_t pid, spawn(command, theirs.get(), words.get()));
  std::unique_ptr<Zygote> zygote(new Zygote(pid, std::move(ours), std::move(words)));
  // While this process holds the other end too, the zygote's death would go unnoticed.
  theirs.reset();
  low.reset();
  RETURN_IF_ERROR(zygote->await_hello());
  return zygote;
}

Status Zygote::await_hello() {
  pollfd watched{socket_.get(), POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&watched, 1, kStartPatience_ms)) < 0 && errno == EINTR) {
  }
  if (ready <= 0) return Status(Code::unavailable, "a decoder's zygote does not get ready");
  const Result<Packet> packet = receive_packet(socket_.get());
  const auto hello = packet.ok() ? from_bytes<ZygoteHello>(packet->bytes) : std::nullopt;
  if (!hello) return Status(Code::unavailable, "it ends at once", last_words());
  hello_ = *hello;
  hello_.version[sizeof hello_.version - 1] = '\0';
  if (std::string_view(hello_.version) == version_of_build()) return Status();
  return Status(Code::unavailable,
                fmt::format("it is of version {}, and this program of {}: restart this one",
                            hello_.version, version_of_build()));
}

Zygote::~Zygote() {
  socket_.reset();  // it ends its processes, then itself
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd watched{pidfd.get(), POLLIN, 0};
  int ready = 0;
  while ((ready = ::poll(&watched, 1, pidfd.valid() ? kEndPatience_ms : 0)) < 0 && errno == EINTR) {
  }
  // Its processes die with it in any case: PR_SET_PDEATHSIG. The id is ours until it is waited for.
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string Zygote::last_words() const { return read_last_words(words_.get()); }

}  // namespace thumbmill
