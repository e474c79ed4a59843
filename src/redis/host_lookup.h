// HostLookup: finds the addresses of a host in bounded time. getaddrinfo(3) has no limit: where
// name servers do not answer, it takes ten seconds and more, and cannot be interrupted. Keeps no
// answer: a name may lead to another server after a fail-over.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"

namespace thumbmill {

/// Thread-safe. Does not wait, when it goes, for look-ups that are still going on.
class HostLookup {
 public:
  /// So many look-ups that nobody waits for any more may be going on; until one of them ends, names
  /// are not looked up.
  static constexpr std::size_t kMostAbandoned = 8;

  HostLookup();
  ~HostLookup();

  /// The IP addresses of `host`, in the order in which to try them; its own if it is one.
  /// unavailable: unknown, or no answer within `patience`.
  Result<std::vector<std::string>> find(const std::string& host,
                                        std::chrono::milliseconds patience);

 private:
  struct Lookup;

  bool may_begin();

  std::mutex mutex_;
  std::vector<std::unique_ptr<Lookup>> abandoned_;  // guarded by mutex_
};

}  // namespace thumbmill
