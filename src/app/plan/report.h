// What simulated policies did, side by side: for people, for scripts, and as a page with plots.
#pragma once

#include <string>
#include <vector>

#include "app/plan/simulation.h"

namespace thumbmill {

struct PlanRow {
  std::string policy;
  Outcome outcome;
  /// The fewest worker-seconds with foresight at no longer p95 wait; 0 when not known.
  double foreseen_worker_seconds = 0;
};

struct PlanReport {
  std::string traffic;  ///< in words
  std::size_t jobs = 0;
  double price_per_hour = 0;  ///< of one worker; 0: not said
  std::vector<PlanRow> rows;
};

/// A table, one row a policy.
std::string plan_text(const PlanReport& report);
/// One object; durations in seconds.
std::string plan_json(const PlanReport& report);
/// A page that needs nothing else: the table, and replicas, backlog and wait over time.
std::string plan_html(const PlanReport& report);

}  // namespace thumbmill
