#include "address_limit.h"

#include <cstddef>
#include <cstdlib>
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

void limit_addresses(std::uint64_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_AS, &limit);
}

// Memory that was freed before would count for no limit. The process ends soon.
void use_up_heap() {
  for (std::size_t size = std::size_t{64} << 20; size >= 64; size /= 2) {
    while (void* const block = std::malloc(size)) {
      *static_cast<char volatile*>(block) = 1;  // or compilers leave the call out
    }
  }
}

[[noreturn]] void run_and_exit(std::uint64_t more_bytes, const std::function<Code()>& work) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const std::uint64_t used = addresses_in_use();
  limit_addresses(used);
  use_up_heap();
  limit_addresses(used + more_bytes);
  try {
    ::_exit(kFirstCode + static_cast<int>(work()));
  } catch (...) {
    ::_exit(1);
  }
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

bool has_address_limits() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

}  // namespace thumbmill
