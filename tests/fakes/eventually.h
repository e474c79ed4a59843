// Waits for what other threads and processes bring about, with a limit.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace thumbmill {

/// Asks `condition` until it holds, each millisecond: other tests run beside this one. A failure
/// that names `what` when it does not hold within `limit`, of real time.
inline ::testing::AssertionResult eventually(
    const std::string& what, const std::function<bool()>& condition,
    std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto give_up = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) {
      return ::testing::AssertionFailure() << "not within " << limit.count() << " s: " << what;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ::testing::AssertionSuccess();
}

}  // namespace thumbmill
