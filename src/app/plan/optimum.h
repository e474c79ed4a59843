// The least that a scaler could do with that knows every arrival beforehand.
#pragma once

#include <vector>

#include "app/plan/simulation.h"

namespace thumbmill {

/// What a schedule made with all knowledge costs, and how long jobs wait with it.
struct Foreseen {
  double wait_p95 = 0;
  double worker_seconds = 0;
};

/// Simulates schedules that follow the arrivals' work with different headroom, smoothing and delay,
/// and start pods so early that they are ready in time. None has fewer than `least` replicas.
std::vector<Foreseen> foreseen_schedules(const Scenario& scenario, int least);

/// The fewest worker-seconds of those whose p95 wait is at most `wait_p95`; 0 when there is none.
double fewest_worker_seconds(const std::vector<Foreseen>& schedules, double wait_p95);

}  // namespace thumbmill
