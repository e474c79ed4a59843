// What a HorizontalPodAutoscaler of autoscaling/v2 asks for, as far as it decides on replicas.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace thumbmill {

/// One metric of the specification and its target.
struct HpaMetric {
  enum class Kind {
    cpu_utilization,   ///< Resource or ContainerResource cpu; target in per cent of the request
    external_average,  ///< External, AverageValue: the metric's sum by pods
    external_value,    ///< External, Value: the metric itself
  };
  Kind kind = Kind::cpu_utilization;
  double target = 0;
  std::string name;  ///< of an external metric
};

/// At most so many pods, or so many per cent, in one period.
struct HpaPolicy {
  enum class Kind { pods, percent };
  Kind kind = Kind::percent;
  int value = 0;
  int period_seconds = 0;
};

/// How fast one direction may go.
struct HpaRules {
  enum class Select { max, min, disabled };
  int stabilization_seconds = 0;
  Select select = Select::max;
  std::vector<HpaPolicy> policies;
};

struct HpaBehavior {
  HpaRules up;
  HpaRules down;
};

struct HpaSpec {
  int min_replicas = 1;
  int max_replicas = 1;
  std::vector<HpaMetric> metrics;
  /// Nothing: the controller takes its older path, with limits of its own.
  std::optional<HpaBehavior> behavior;
};

/// What KEDA adds to an HPA when it makes one of a ScaledObject: zero replicas, and back.
struct KedaActivation {
  double polling_seconds = 30;    ///< how often it looks whether there is anything to do
  double cooldown_seconds = 300;  ///< after the last time there was, until it scales to zero
  double threshold = 0;           ///< there is something to do when the metric is above this
};

/// Flags of kube-controller-manager that matter, at their defaults.
struct HpaTiming {
  double sync_seconds = 15;                      ///< --horizontal-pod-autoscaler-sync-period
  double tolerance = 0.1;                        ///< --horizontal-pod-autoscaler-tolerance
  double downscale_stabilization_seconds = 300;  ///< --horizontal-pod-autoscaler-downscale-...
  double cpu_initialization_seconds = 300;       ///< --...-cpu-initialization-period
  double initial_readiness_seconds = 30;         ///< --...-initial-readiness-delay
};

}  // namespace thumbmill
