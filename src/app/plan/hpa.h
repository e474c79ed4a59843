// Hpa: one HorizontalPodAutoscaler and what its controller remembers of it: past recommendations
// and past changes (kubernetes/kubernetes, pkg/controller/podautoscaler/horizontal.go, 1.32).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/plan/hpa_replicas.h"
#include "app/plan/hpa_spec.h"

namespace thumbmill {

/// What the controller reads at one sync.
struct HpaInput {
  double now = 0;         ///< seconds
  int spec_replicas = 0;  ///< what the scaled object asks for
  std::vector<PodSample> pods;
  std::int64_t request_millis = 1'000;  ///< CPU that a pod requests
  std::map<std::string, double>
      external;  ///< metrics that can be read; one that is not here cannot
};

/// One thread.
class Hpa {
 public:
  explicit Hpa(HpaSpec spec, HpaTiming timing = {});

  /// One sync: the replicas that the scaled object is to have from now on. Times must not go back.
  int sync(const HpaInput& input);

  const HpaSpec& spec() const { return spec_; }
  const HpaTiming& timing() const { return timing_; }

 private:
  struct Recommendation {
    double at;
    int replicas;
  };
  struct Change {
    double at;
    int replicas;  // how many more, or how many fewer; positive
  };

  std::optional<int> by_metrics(const HpaInput& input) const;
  int limited(int current, int wanted, double now);
  int stabilized(int current, int wanted, double now);
  int limited_by_rules(int current, int wanted, double now) const;
  int up_limit(int current, double now) const;
  int down_limit(int current, double now) const;
  static int changed_in(const std::vector<Change>& changes, double now, int period_seconds);
  void forget_before(double now);

  const HpaSpec spec_;
  const HpaTiming timing_;
  double longest_memory_;
  std::vector<Recommendation> recommendations_;
  std::vector<Change> ups_;
  std::vector<Change> downs_;
};

}  // namespace thumbmill
