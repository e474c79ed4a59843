// Dependency: what this process knows of a server (or a disk) that it needs: whether it can be used
// now, and if not, why. One thread of its own asks it; everybody else is answered from memory.
//
// It asks now and again; more often while the dependency is away; and soon after a call has
// failed for want of it, or has had no answer for a while. Nothing may pile up behind a server that
// accepts connections and answers nothing: while a check gets no answer in time, calls that are
// made through call() fail at once, and those on their way are ended. Where the check is refused at
// once, calls are let through: they are answered as fast, and may be for something that is not
// refused.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/op_context.h"
#include "base/status.h"
#include "metrics/metrics.h"

namespace thumbmill {

struct DependencyOptions {
  std::string name;  ///< "store", "queue": in logs, metrics and /readyz
  /// How long its check may take. Half of it: after how long without an answer to a call it is
  /// made, and from when on a check that fails has not been answered.
  std::chrono::milliseconds patience{1'500};
  /// Between two checks while it is well.
  std::chrono::milliseconds interval{5'000};
};

/// Thread-safe. Metrics, log and clock outlive it.
class Dependency {
 public:
  /// Whether it can be used. Respects the context's deadline and stop; where it does not, the
  /// dependency counts as away as long as the check takes.
  using Check = std::function<Status(const OpContext&)>;

  /// Between two of one that is away, at most.
  static constexpr std::chrono::seconds kAwayInterval{5};
  /// Between two lines in the log while it stays away.
  static constexpr std::chrono::seconds kLogInterval{60};

  Dependency(DependencyOptions options, Check check, Metrics& metrics, Logger& log, Clock& clock);
  ~Dependency() { stop(); }

  /// Checks it once, in this thread, then starts a thread that goes on.
  void start();
  /// Ends the thread. Safe to repeat. Calls are let through from then on.
  void stop();

  /// At once: ok, or why it cannot be used. Before start(): ok.
  Status status() const;

  /// A call that was not made through call() has failed for want of it.
  void suspect();

  /// `work(context)`, which returns a Status or a Result; unavailable instead when the dependency
  /// does not answer, or is found not to meanwhile. The context that `work` gets is stopped then.
  template <typename Work>
  auto call(const OpContext& context, const Work& work) -> decltype(work(context)) {
    if (Status silent = if_silent(); !silent.ok()) return silent;
    CallInFlight in_flight(*this, context);
    auto result = work(in_flight.context());
    if (const Status judged = in_flight.end(status_of(result)); !judged.ok()) return judged;
    return result;
  }

 private:
  // A call on its way. Tells when it began, and can be stopped.
  class CallInFlight {
   public:
    CallInFlight(Dependency& dependency, const OpContext& context);
    CallInFlight(const CallInFlight&) = delete;
    CallInFlight& operator=(const CallInFlight&) = delete;
    ~CallInFlight();

    const OpContext& context() const { return context_; }
    SteadyTime began() const { return began_; }
    void abandon() { stop_.request_stop(); }
    /// What the call's outcome means for its caller and for the dependency.
    Status end(const Status& outcome);

   private:
    Dependency& dependency_;
    const std::stop_token callers_stop_;
    std::stop_source stop_;
    OpContext context_;
    const SteadyTime began_;
    const std::stop_callback<std::function<void()>> pass_on_;
  };

  static const Status& status_of(const Status& status) { return status; }
  template <typename T>
  static Status status_of(const Result<T>& result) {
    return result.status();
  }

  Status if_silent() const;
  void run();
  void check_now(std::unique_lock<std::mutex>& lock);
  // All of these under mutex_.
  void set_state(Status found, SteadyTime::duration took);
  void log_state(SteadyTime now);
  SteadyTime next_check() const;
  bool is_overdue() const;
  Status no_answer(std::string detail) const;

  const DependencyOptions options_;
  const Check check_;
  Metrics& metrics_;
  Logger& log_;
  Clock& clock_;
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Status state_;                           // guarded by mutex_, as is all that follows
  SteadyTime since_{};                     // when state_ went from ok to a failure, or back
  SteadyTime checked_{};                   // when the latest check ended
  SteadyTime answered_{};                  // when the latest call or check got an answer
  std::optional<SteadyTime> check_began_;  // of one on its way
  bool silent_ = false;                    // the latest check got no answer
  SteadyTime logged_{};
  int failures_ = 0;       // checks that failed, in a row
  SteadyTime wakes_at_{};  // when the thread looks next
  bool suspected_ = false;
  bool stopping_ = false;
  std::set<CallInFlight*> calls_;
  std::thread thread_;
};

}  // namespace thumbmill
