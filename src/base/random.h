// Random numbers, injected so that a test's seed decides every one. Whoever has seen some of them
// can foretell the others: what must not be foretold comes from base/secret.h.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>

namespace thumbmill {

/// Thread-safe. For jitter, simulations and request ids; no id of an image can be made of it.
class Random {
 public:
  /// Seeded by the operating system.
  Random() : engine_(entropy()) {}
  /// The same seed gives the same numbers.
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  /// Uniform over all 64-bit values.
  std::uint64_t next_u64() {
    const std::lock_guard lock(mutex_);
    return engine_();
  }

  /// Uniform in [0, 1).
  double next_unit() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

 private:
  static std::uint64_t entropy() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace thumbmill
