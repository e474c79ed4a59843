// How much memory this process has had at most.
#pragma once

#include <cstdint>

#include <sys/resource.h>

namespace thumbmill {

/// The most bytes that this process had resident, so far; getrusage(2). Never less than what its
/// parent had when it forked.
inline std::uint64_t peak_memory_bytes() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

}  // namespace thumbmill
