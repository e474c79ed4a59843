// Scalers: who decides in a simulation how many replicas there are to be.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/plan/hpa.h"
#include "app/plan/manifest.h"

namespace thumbmill {

/// One thread. Asked once a second of simulated time.
class Scaler {
 public:
  virtual ~Scaler() = default;
  /// Replicas at the beginning.
  virtual int first() const = 0;
  /// Replicas from now on.
  virtual int replicas(const HpaInput& input) = 0;
};

/// An HPA, or a ScaledObject with the HPA that KEDA makes of it.
std::unique_ptr<Scaler> shipped_scaler(const ScalerManifest& manifest);

/// Always as many.
std::unique_ptr<Scaler> fixed_scaler(int replicas);

/// `steps[i]` replicas from i * `step_seconds` on; the last to the end.
std::unique_ptr<Scaler> scheduled_scaler(std::vector<int> steps, double step_seconds);

}  // namespace thumbmill
