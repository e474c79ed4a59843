// How many replicas one metric asks for: the arithmetic of the Kubernetes HPA controller
// (kubernetes/kubernetes, pkg/controller/podautoscaler/replica_calculator.go, 1.32), which decides
// what happens with pods that are not ready, and with those that no metric is known of.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "app/plan/hpa_spec.h"

namespace thumbmill {

/// What the controller knows of one pod. Times in seconds of the same clock.
struct PodSample {
  bool ending = false;   ///< being deleted, or failed
  bool pending = false;  ///< not on a node yet
  bool ready = false;
  double started_at = 0;
  double ready_changed_at = 0;               ///< when `ready` last changed
  std::optional<std::int64_t> usage_millis;  ///< CPU, in thousandths of a core
  double measured_at = 0;                    ///< end of the usage's window
  double window_seconds = 0;                 ///< which the usage is the average of
};

/// By CPU utilisation, `target_percent` of `request_millis` a pod. `current`: the replicas that the
/// scaled object asks for. Nothing when no usable pod has a metric; the controller then leaves the
/// replicas alone.
std::optional<int> replicas_by_cpu(const std::vector<PodSample>& pods, std::int64_t request_millis,
                                   int target_percent, int current, double now,
                                   const HpaTiming& timing);

/// By an external metric's `value` with a target for each pod; `status_replicas`: pods there are.
int replicas_by_average(double value, double target, int status_replicas, double tolerance);

/// By an external metric's `value` with one target; `ready`: pods that are.
int replicas_by_value(double value, double target, int current, int ready, double tolerance);

}  // namespace thumbmill
