#include "app/available_memory.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include <unistd.h>

namespace thumbmill {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// "max" is no number, and no limit.
std::uint64_t read_limit(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::uint64_t bytes = 0;
  return in >> bytes && bytes > 0 ? bytes : kNoLimit;
}

// A limit on a group binds the groups in it.
std::uint64_t least_limit(const std::filesystem::path& root, const std::string& group,
                          const char* name) {
  std::uint64_t least = read_limit(root / name);
  std::filesystem::path at = root;
  for (const auto& part : std::filesystem::path(group).relative_path()) {
    if (part == "..") break;  // the process was moved out of what its namespace shows
    at /= part;
    least = std::min(least, read_limit(at / name));
  }
  return least;
}

}  // namespace

std::uint64_t cgroup_memory_limit(const std::string& root, const std::string& membership) {
  std::uint64_t least = kNoLimit;
  std::istringstream lines(membership);
  // "0::/path" in version 2, "4:memory:/path" in version 1.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, least_limit(root, group, "memory.max"));
    if (controllers == "memory") {
      least = std::min(least, least_limit(root + "/memory", group, "memory.limit_in_bytes"));
    }
  }
  return least;
}

std::uint64_t available_memory_bytes() {
  std::ifstream file("/proc/self/cgroup");
  const std::string membership((std::istreambuf_iterator<char>(file)), {});
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(machine, cgroup_memory_limit("/sys/fs/cgroup", membership));
}

}  // namespace thumbmill
