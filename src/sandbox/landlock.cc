#include "sandbox/landlock.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/syscall.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace thumbmill {
namespace {

// From linux/landlock.h of Linux 6.12; Debian 12's header stops at the first member.
struct RulesetAttributes {
  std::uint64_t handled_files = 0;
  std::uint64_t handled_net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint32_t kVersionFlag = 1;  // LANDLOCK_CREATE_RULESET_VERSION

// The rights of one version are bits without gaps, so that their number says them all: 13 in the
// first, then REFER (2), TRUNCATE (3), IOCTL_DEV (5).
constexpr std::uint64_t file_rights(int abi) {
  const int count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : 13;
  return (std::uint64_t{1} << count) - 1;
}

}  // namespace

int landlock_abi() {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  return version > 0 ? static_cast<int>(version) : 0;
}

int landlock_deny_all(int abi) {
  RulesetAttributes denied;
  denied.handled_files = file_rights(abi);
  std::size_t size = sizeof(denied.handled_files);
  if (abi >= 4) {
    denied.handled_net = 3;  // to bind, and to connect, TCP
    size = offsetof(RulesetAttributes, scoped);
  }
  if (abi >= 6) {
    denied.scoped = 3;  // abstract Unix sockets, and signals, to the outside
    size = sizeof(denied);
  }
  const UniqueFd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, size, 0)));
  if (!rules.valid()) return errno;
  return ::syscall(SYS_landlock_restrict_self, rules.get(), 0) == 0 ? 0 : errno;
}

}  // namespace thumbmill
