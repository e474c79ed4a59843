#include "sandbox/memory_limit.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/seccomp_filter.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

// The address space in use: the first number of proc_pid_statm(5), in pages. 0 when it cannot be
// read.
std::uint64_t mapped_bytes(int statm) {
  std::array<char, 128> text{};
  if (::pread(statm, text.data(), text.size() - 1, 0) <= 0) return 0;
  return std::strtoull(text.data(), nullptr, 10) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void set_soft_limit(int resource, std::uint64_t most) {
  const auto which = static_cast<__rlimit_resource>(resource);
  rlimit present{};
  if (::getrlimit(which, &present) != 0) return;
  present.rlim_cur = std::min<rlim_t>(most, present.rlim_max);
  (void)::setrlimit(which, &present);
}

void MemoryLimit::begin(std::uint64_t source_bytes, std::uint64_t most_bytes) {
  most_bytes_ = most_bytes;
  const std::uint64_t mapped = mapped_bytes(statm_);
  // Without a base there is only the limit on the process as a whole.
  base_bytes_ = mapped > 0 ? mapped + source_bytes : most_bytes;
  admit(0);
}

void MemoryLimit::admit(std::uint64_t bytes) {
  if (kSanitizerBuild) return;
  const std::uint64_t wanted = std::max(bytes, kUnaskedBytes) + kMemorySlackBytes;
  const bool all = wanted >= most_bytes_ || base_bytes_ >= most_bytes_ - wanted;
  set_soft_limit(RLIMIT_AS, all ? most_bytes_ : base_bytes_ + wanted);
}

}  // namespace thumbmill
