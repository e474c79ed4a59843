// A zygote for tests. Without an argument its decoders are the real thing: decoder_main() on
// the program's own kernels. With "misbehave" it reads a command from the image's bytes, behind a
// PNM's three bytes of magic, and does as it is told: what a decoder does that an image has crashed
// or taken over. "single" behind it has the program be the one for one image each. With "greedy"
// they are decoder_main() on a kernel that takes as much memory as the image says.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "decoder/kernels.h"
#include "deeds.h"
#include "kernels_for_tests.h"
#include "replies_for_tests.h"
#include "sandbox/decoder_main.h"
#include "sandbox/packet.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/wire.h"
#include "sandbox/zygote_main.h"

namespace thumbmill {
namespace {

[[noreturn]] void spin() {
  volatile bool forever = true;
  while (forever) {
  }
  std::abort();
}

// Uses up processor time, against a limit of its own if it has one.
void work_for(std::chrono::milliseconds time) {
  rlimit limit{};
  ::getrlimit(RLIMIT_CPU, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_CPU, &limit);
  const std::clock_t end =
      std::clock() + static_cast<std::clock_t>(time.count() * (CLOCKS_PER_SEC / 1000));
  while (std::clock() < end) {
  }
}

// How many bytes can be written to the output.
std::uint64_t fill(int output) {
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string chunk(64 * 1024, 'x');
  std::uint64_t written = 0;
  while (::pwrite(output, chunk.data(), chunk.size(), static_cast<off_t>(written)) ==
         static_cast<ssize_t>(chunk.size())) {
    written += chunk.size();
  }
  return written;
}

// Ends the process, or never returns, or sends what is no reply at all.
void break_off(std::string_view command, int socket, const DecodeRequest& request) {
  if (command == "crash") {
    std::fputs("last words\n", stderr);
    std::abort();
  }
  if (command == "segfault") {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would turn it into an exit
    std::raise(SIGSEGV);
  }
  if (command == "exit") ::_exit(0);
  if (command == "close") {
    ::close(socket);
    while (true) ::poll(nullptr, 0, -1);
  }
  if (command == "hang" || command == "leave hang") {
    while (true) ::poll(nullptr, 0, -1);
  }
  if (command == "spin") {
    const rlimit one_second{1, 2};
    ::setrlimit(RLIMIT_CPU, &one_second);
    spin();
  }
  if (command == "garbage") {
    (void)send_packet(socket, std::string(1000, '\xee'), {});
  }
  if (command == "empty") std::ignore = ::write(socket, "", 0);
  if (command == "too-large") {
    const std::string packet(kMaxMessageBytes + 1, 'x');
    std::ignore = ::write(socket, packet.data(), packet.size());
  }
  if (command == "twice") {
    const std::string reply = encode_reply(good_reply(request));
    (void)send_packet(socket, reply, {});
    (void)send_packet(socket, reply, {});
  }
  if (command == "descriptors") {
    // The kernel refuses (ETOOMANYREFS, unix(7)) as long as all processes of this user together
    // have more descriptors on their way than this one may have open: other tests' count, too.
    const std::string reply = encode_reply(good_reply(request));
    while (send_packet(socket, reply, {0, 1}).code() == Code::unavailable) ::poll(nullptr, 0, 1);
  }
  if (command == "chatter") {
    const std::string line(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) std::ignore = ::write(STDERR_FILENO, line.data(), line.size());
    std::abort();
  }
}

// Whether what the parent handed over lets this process change the source or the output's size.
bool finds_a_way(const Packet& packet) {
  const int source = packet.descriptors.at(0).get();
  const int output = packet.descriptors.at(1).get();
  std::signal(SIGXFSZ,
              SIG_IGN);  // the limit on the size of files would end it before the seal does
  return ::pwrite(source, "x", 1, 0) == 1 || ::ftruncate(output, 1) == 0 ||
         ::ftruncate(output, static_cast<off_t>(2 * kOutputBytes)) == 0;
}

// The errno with which the deed was refused, or 0 when it was done.
int do_deed(std::string_view name, const Packet& packet) {
  for (const Deed& deed : all_deeds()) {
    if (deed.name != name) continue;
    errno = 0;
    const long result =
        deed.attempt(packet.descriptors.at(0).get(), packet.descriptors.at(1).get());
    return result == -1 ? errno : 0;
  }
  std::abort();
}

int count_descriptors() {
  int open = 0;
  for (int fd = 0; fd < 1024; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return open;
}

// Facts about the process, as the message of a refusal.
std::string facts(const Packet& packet) {
  std::string text = "descriptors " + std::to_string(count_descriptors()) + ", environment";
  for (char** variable = environ; *variable != nullptr; ++variable) {
    text += " " + std::string(*variable).substr(0, std::string_view(*variable).find('='));
  }
  return text + (finds_a_way(packet) ? ", handed too much" : ", handed enough");
}

// Asks for each of the numbers in turn, and does what else the words say. False when the parent
// does not let it go on.
bool ask(std::string_view words, int socket, const DecodeRequest& request) {
  std::istringstream stream{std::string(words)};
  std::uint64_t sequence = request.sequence;
  for (std::string word; stream >> word;) {
    if (word == "unasked") {
      ++sequence;
    } else if (word == "hang") {
      break_off("hang", socket, request);
    } else {
      (void)send_packet(socket, encode_need({sequence, std::stoull(word)}), {});
      const Result<Packet> go = receive_packet(socket);
      if (!go.ok() || decode_go(go->bytes).value() != sequence) return false;
    }
  }
  return true;
}

int misbehave(int socket, bool single) {
  while (true) {
    Result<Packet> packet = receive_packet(socket);
    if (!packet.ok()) return 0;
    const DecodeRequest request = decode_request(packet->bytes).value();
    std::array<char, 64> bytes{};
    const ssize_t size = ::pread(packet->descriptors.at(0).get(), bytes.data(),
                                 std::min<std::size_t>(bytes.size() - 1, request.source_bytes),
                                 static_cast<off_t>(request.source_offset));
    if (size < 3) return 1;
    const std::string_view command(bytes.data() + 3, static_cast<std::size_t>(size) - 3);
    if (command == "look-back" && !single) {
      // What an earlier image's thumbnail has left is told.
      std::array<char, kJpeg.size()> found{};
      std::ignore = ::pread(packet->descriptors.at(1).get(), found.data(), found.size(), 0);
      const bool clean = std::ranges::all_of(found, [](char byte) { return byte == 0; });
      DecodeReply told = good_reply(request);
      refuse(told, Status(Code::too_large, clean ? "nothing" : "a thumbnail"));
      if (!send_packet(socket, encode_reply(told), {}).ok()) return 0;
      continue;
    }
    DecodeReply reply = good_reply(request);
    for (const DecodedRendition& rendition : reply.renditions) {
      std::ignore = ::pwrite(packet->descriptors.at(1).get(), kJpeg.data(), kJpeg.size(),
                             static_cast<off_t>(rendition.offset));
    }
    if (command.starts_with("do ")) {
      const int failed = do_deed(command.substr(3), *packet);
      // Done is told as a good answer: the test must not see one.
      if (failed != 0) refuse(reply, Status(Code::too_large, "refused", std::strerror(failed)));
    } else if (command.starts_with("need ")) {
      if (!ask(command.substr(5), socket, request)) return 2;
    } else if (command.starts_with("leave") && !single) {
      refuse(reply, Status(Code::unsupported, "not mine"));
    } else if (command.starts_with("fail ") && !single) {
      refuse(reply, Status(Code::corrupt_input, "makes no sense"));
    } else if (command.starts_with("work ")) {
      work_for(std::chrono::milliseconds(std::stoi(std::string(command.substr(5)))));
    } else if (command == "work-on") {
      if (!send_packet(socket, encode_reply(reply), {}).ok()) return 0;
      spin();
    } else if (command == "cpu-limit") {
      rlimit limit{};
      ::getrlimit(RLIMIT_CPU, &limit);
      refuse(reply, Status(Code::too_large, std::to_string(limit.rlim_max)));
    } else if (command == "fill-output") {
      refuse(reply, Status(Code::too_large, std::to_string(fill(packet->descriptors.at(1).get()))));
    } else if (command == "facts") {
      refuse(reply, Status(Code::too_large, facts(*packet)));
    } else if (!lie(command, reply)) {
      break_off(command, socket, request);
      continue;
    }
    if (!send_packet(socket, encode_reply(reply), {}).ok()) return 0;
  }
}

// From now on the kernel answers requests for confinement with `error`, 0 being a lie, and does
// nothing.
void answer_for_the_kernel(std::uint32_t error) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // Only what installs a filter: libseccomp asks for other things first, and is not to be fooled.
  const int failed = install_filter({
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_restrict_self, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_SET_MODE_FILTER, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  });
  THUMBMILL_CHECK(failed == 0);
}

// Zygotes that a pool must not work with.
int zygote_with_a_fault(std::string_view fault) {
  if (fault == "with-a-thread") {
    std::thread([] {
      while (true) ::poll(nullptr, 0, -1);
    }).detach();
  }
  if (fault == "with-writable-code") {
    ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  if (fault == "without-seccomp") answer_for_the_kernel(EINVAL);
  if (fault == "with-a-hole") answer_for_the_kernel(0);
  return zygote_main(kDecoderSocket, [](int socket) { return misbehave(socket, false); });
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) {
  using namespace thumbmill;
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "misbehave") {
    const bool single = argc > 2 && std::string_view(argv[2]) == "single";
    return zygote_main(kDecoderSocket, [single](int socket) { return misbehave(socket, single); });
  }
  if (mode == "greedy") {
    GreedyKernel kernel;
    return zygote_main(kDecoderSocket, kernel);
  }
  if (!mode.empty() && mode != "measured") return zygote_with_a_fault(mode);
  const auto thumbnailer = make_kernels();
  if (!thumbnailer.ok()) return 1;
  MemoryMeter meter(**thumbnailer);
  if (mode == "measured") return zygote_main(kDecoderSocket, meter);
  return zygote_main(kDecoderSocket, **thumbnailer);
}
