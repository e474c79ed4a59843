// DiskReserve: what uploads must leave free on a disk, so that what was accepted before can still
// be done: results, renditions and the queue are written to the same disk and may take the last
// byte.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"

namespace thumbmill {

/// Bytes of a file system.
struct DiskSpace {
  std::uint64_t free = 0;  ///< for users other than root
  std::uint64_t size = 0;
};

/// The space of the file system that `directory` is on.
Result<DiskSpace> disk_space(const std::string& directory);

/// Immutable; any thread.
class DiskReserve {
 public:
  /// `bytes`, but at most a twentieth of the file system, so that a small one can be used at all.
  /// 0: no reserve. `space` answers as disk_space() does.
  explicit DiskReserve(std::uint64_t bytes,
                       std::function<Result<DiskSpace>(const std::string&)> space = disk_space);

  /// exhausted when `bytes` more in `directory` would leave less than the reserve. ok when the
  /// space cannot be told: writing says what is wrong.
  Status check(const std::string& directory, std::uint64_t bytes) const;

 private:
  const std::uint64_t bytes_;
  const std::function<Result<DiskSpace>(const std::string&)> space_;
};

}  // namespace thumbmill
