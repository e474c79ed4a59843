#include "address_limit.h"

#include <fstream>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace thumbmill {
namespace {

constexpr int kFirstCode = 64;  // of exits: a code of ours, not a tool's

std::uint64_t addresses_in_use() {
  std::ifstream statm("/proc/self/statm");  // proc_pid_statm(5): in pages
  std::uint64_t pages = 0;
  statm >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

[[noreturn]] void run_and_exit(std::uint64_t more_bytes, const std::function<Code()>& work) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const rlimit limit{addresses_in_use() + more_bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
  ::_exit(kFirstCode + static_cast<int>(work()));
}

}  // namespace

std::optional<Code> run_with_memory(std::uint64_t more_bytes, const std::function<Code()>& work) {
  const pid_t child = ::fork();
  if (child == 0) run_and_exit(more_bytes, work);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return std::nullopt;
  if (!WIFEXITED(status) || WEXITSTATUS(status) < kFirstCode) return std::nullopt;
  return static_cast<Code>(WEXITSTATUS(status) - kFirstCode);
}

std::string made_in_child(const std::function<std::string()>& make) {
  int ends[2];
  THUMBMILL_CHECK(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string made = make();
    for (std::size_t at = 0; at < made.size();) {
      const ssize_t written = ::write(ends[1], made.data() + at, made.size() - at);
      if (written <= 0) ::_exit(1);
      at += static_cast<std::size_t>(written);
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string made;
  char block[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], block, sizeof block)) > 0;) {
    made.append(block, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  THUMBMILL_CHECK(::waitpid(child, &status, 0) == child && status == 0);
  return made;
}

bool has_address_limits() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

}  // namespace thumbmill
