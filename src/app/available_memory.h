// How much memory this process and its children may use.
#pragma once

#include <cstdint>
#include <string>

namespace thumbmill {

/// The machine's memory, or the least limit of the control groups that this process is in
/// (cgroups(7), both versions), as in a container. Never 0.
std::uint64_t available_memory_bytes();

/// The least limit that the files below `root` ("/sys/fs/cgroup") set for a process whose
/// /proc/self/cgroup holds `membership`; the greatest number there is when there is none.
std::uint64_t cgroup_memory_limit(const std::string& root, const std::string& membership);

}  // namespace thumbmill
