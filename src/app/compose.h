// Compose: makes the running system of its parts, in the order in which they need each other, and
// takes it down in the reverse order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/settings.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/status.h"

namespace thumbmill {

/// The parts of the service that a process runs.
struct Roles {
  bool api = false;      ///< takes uploads and answers
  bool worker = false;   ///< makes the renditions
  bool janitor = false;  ///< sweeps and expires; of several such processes one does at a time

  bool all() const { return api && worker && janitor; }
};

/// The service, or the parts of it that this process runs, with the operations port. Thread-safe.
class System {
 public:
  /// Starts everything. The failure says which part could not start and why; nothing keeps running
  /// then. Clock, random and log outlive the system.
  static Result<std::unique_ptr<System>> start(const Settings& settings, Roles roles, Clock& clock,
                                               Random& random, Logger& log);
  /// As stop().
  ~System();

  /// The ports that are listened on; port() is 0 without the API.
  std::uint16_t port() const;
  std::uint16_t admin_port() const;

  /// Not ready; no new leases; running requests and jobs end or are handed back. Safe to repeat.
  void stop();

 private:
  struct Parts;
  explicit System(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace thumbmill
