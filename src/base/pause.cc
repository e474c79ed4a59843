#include "base/pause.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace thumbmill {

Status pause(Clock& clock, std::chrono::milliseconds delay, const OpContext& context) {
  std::mutex mutex;
  std::condition_variable changed;
  const std::stop_callback wake(context.stop, [&] {
    { const std::lock_guard lock(mutex); }
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  clock.wait_until(lock, changed, clock.now() + delay,
                   [&] { return context.stop.stop_requested(); });
  return context.check(clock);
}

}  // namespace thumbmill
