#include "base/disk_reserve.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sys/statvfs.h>

namespace thumbmill {
namespace {

constexpr std::uint64_t kShare = 20;  // the reserve is at most one part in this many

}  // namespace

Result<DiskSpace> disk_space(const std::string& directory) {
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0) {
    return status_from_errno(errno, "asking for the free space of " + directory);
  }
  return DiskSpace{.free = std::uint64_t{info.f_bavail} * info.f_frsize,
                   .size = std::uint64_t{info.f_blocks} * info.f_frsize};
}

DiskReserve::DiskReserve(std::uint64_t bytes,
                         std::function<Result<DiskSpace>(const std::string&)> space)
    : bytes_(bytes), space_(std::move(space)) {}

Status DiskReserve::check(const std::string& directory, std::uint64_t bytes) const {
  if (bytes_ == 0) return Status();
  const Result<DiskSpace> space = space_(directory);
  if (!space.ok()) return Status();
  const std::uint64_t reserve = std::min(bytes_, space->size / kShare);
  if (space->free >= reserve && space->free - reserve >= bytes) return Status();
  return Status(Code::exhausted, "there is no room for the upload",
                fmt::format("{} bytes are free in {}, of which disk-reserve keeps {}", space->free,
                            directory, reserve));
}

}  // namespace thumbmill
