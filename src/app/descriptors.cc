#include "app/descriptors.h"

#include <algorithm>

#include <sys/resource.h>

namespace thumbmill {
namespace {

constexpr std::uint64_t kOthers = 256;

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  return limit.rlim_cur;
}

DescriptorShares share_descriptors(std::uint64_t limit, std::uint64_t connections) {
  const std::uint64_t usable = limit > 2 * kOthers ? limit - kOthers : limit / 2;
  const std::uint64_t taken = std::clamp<std::uint64_t>(usable / 2, 1, connections);
  return {taken, std::max<std::uint64_t>(usable - taken, 1)};
}

}  // namespace thumbmill
