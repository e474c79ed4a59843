// Discrete-event simulation of worker pods on one queue while a Scaler changes how many there are.
// docs/autoscaling.md says what it leaves out.
#pragma once

#include <vector>

#include "app/plan/scaler.h"

namespace thumbmill {

/// One run's world. Times in seconds from its beginning.
struct Scenario {
  std::vector<double> arrivals;  ///< ascending
  std::vector<double> services;  ///< how long each takes a slot; as many
  double seconds = 0;  ///< how long it lasts; up to ten times as long when work is left then
  double peak_end_seconds = 0;    ///< from when on draining is measured
  int slots = 1;                  ///< jobs that one pod works on at once
  double pod_start_seconds = 5;   ///< from a pod's making to its first job
  double node_start_seconds = 0;  ///< more, for a pod that needs a new node
  int room = 0;                   ///< pods that the nodes have room for; 0: any number
  double cpu_share = 1;           ///< cores that a busy slot uses
  std::int64_t request_millis = 1'000;
  double scrape_seconds = 15;        ///< how often pods' CPU and the queue's figures are taken
  double drain_target_seconds = 60;  ///< setting drain-target, for workers_desired
  double patience_seconds = 10;      ///< a job that waits longer is late
};

/// What was there at one moment.
struct Moment {
  double at = 0;
  int replicas = 0;  ///< asked for
  int ready = 0;     ///< pods that work
  std::size_t waiting = 0;
  double oldest_wait = 0;
};

/// What is never begun has waited until the end.
struct Outcome {
  double wait_p50 = 0, wait_p95 = 0, wait_p99 = 0, wait_max = 0;
  double late_share = 0;      ///< of jobs that waited longer than the patience
  double drain_seconds = 0;   ///< from the peak's end to the last late job's start; 0: none was
  double worker_seconds = 0;  ///< that pods were there, from making to end
  int most_replicas = 0;
  int changes = 0;              ///< how often the replicas changed direction
  std::vector<Moment> moments;  ///< one a second
};

/// Runs it to the end. The same scenario gives the same outcome.
Outcome simulate(const Scenario& scenario, Scaler& scaler);

}  // namespace thumbmill
