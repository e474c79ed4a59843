#include "app/plan/optimum.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

constexpr double kStep = 5;
constexpr double kHeadrooms[] = {0.8, 0.9, 0.95, 1, 1.02, 1.05, 1.1, 1.2, 1.3, 1.5, 1.8};
constexpr int kSmoothings[] = {3, 6, 12, 24, 36, 60};  // steps
constexpr int kDelays[] = {0, 2, 4, 6, 9, 12, 24};     // steps

// Pods' worth of work that arrives in each step.
std::vector<double> work_by_step(const Scenario& scenario) {
  std::vector<double> work(static_cast<std::size_t>(scenario.seconds / kStep) + 1);
  for (std::size_t i = 0; i < scenario.arrivals.size(); ++i) {
    const auto step = static_cast<std::size_t>(scenario.arrivals[i] / kStep);
    work[std::min(step, work.size() - 1)] += scenario.services[i] / scenario.slots / kStep;
  }
  return work;
}

std::vector<int> schedule_of(const std::vector<double>& work, int smoothing, int delay, int lead,
                             double headroom, int least) {
  std::vector<double> sums{0};
  for (const double pods : work) sums.push_back(sums.back() + pods);
  const int last = static_cast<int>(work.size());
  std::vector<int> steps;
  for (int step = 0; step < last; ++step) {
    const int end = std::clamp(step + lead - delay + 1, 0, last);
    const int begin = std::clamp(end - smoothing, 0, last);
    const double mean =
        end > begin
            ? (sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(begin)]) /
                  (end - begin)
            : 0;
    steps.push_back(std::max(least, static_cast<int>(std::ceil(headroom * mean))));
  }
  steps.back() = std::max(steps.back(), 1);  // for what is left then
  return steps;
}

}  // namespace

std::vector<Foreseen> foreseen_schedules(const Scenario& scenario, int least) {
  const std::vector<double> work = work_by_step(scenario);
  const int lead = static_cast<int>(
      std::ceil((scenario.pod_start_seconds + scenario.node_start_seconds) / kStep));
  std::vector<Foreseen> schedules;
  for (const double headroom : kHeadrooms) {
    for (const int smoothing : kSmoothings) {
      for (const int delay : kDelays) {
        const auto scaler =
            scheduled_scaler(schedule_of(work, smoothing, delay, lead, headroom, least), kStep);
        const Outcome outcome = simulate(scenario, *scaler);
        schedules.push_back({outcome.wait_p95, outcome.worker_seconds});
      }
    }
  }
  return schedules;
}

double fewest_worker_seconds(const std::vector<Foreseen>& schedules, double wait_p95) {
  double fewest = 0;
  for (const Foreseen& schedule : schedules) {
    if (schedule.wait_p95 > wait_p95) continue;
    if (fewest == 0 || schedule.worker_seconds < fewest) fewest = schedule.worker_seconds;
  }
  return fewest;
}

}  // namespace thumbmill
