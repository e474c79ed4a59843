// StreamSlots: how many event streams there may be at once, of one client and of all. A stream
// lasts as long as its client wants, so that nothing else ends them.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/address.h"

namespace thumbmill {

struct StreamLimits {
  std::size_t streams = 1024;
  std::size_t per_client = 128;  ///< of one key, or of one address without a key; 0: any
  AddressSet exempt;             ///< addresses that per_client is not for
};

/// Thread-safe. Outlives its slots.
class StreamSlots {
 public:
  explicit StreamSlots(const StreamLimits& limits) : limits_(limits) {}

  /// One stream's right to be there, until it goes.
  class Slot {
   public:
    /// `client` is empty for one that is counted among all only.
    Slot(StreamSlots& slots, std::string client) : slots_(slots), client_(std::move(client)) {}
    ~Slot() { slots_.give_back(client_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    StreamSlots& slots_;
    const std::string client_;
  };

  enum class Refusal { none, all, client };

  /// A slot for `client`, or null with the reason.
  std::unique_ptr<Slot> take(const std::string& client, Refusal& refusal);

  const StreamLimits& limits() const { return limits_; }

 private:
  void give_back(const std::string& client);

  const StreamLimits limits_;
  std::mutex mutex_;
  std::size_t taken_ = 0;                         // guarded by mutex_
  std::map<std::string, std::size_t> by_client_;  // guarded by mutex_
};

}  // namespace thumbmill
