// Autoscalers as they are shipped: reads a HorizontalPodAutoscaler (autoscaling/v2) or a KEDA
// ScaledObject (keda.sh/v1alpha1) from YAML.
#pragma once

#include <optional>
#include <string>

#include "app/plan/hpa_spec.h"
#include "base/status.h"

namespace thumbmill {

/// The queue's figures that an external metric may stand for, under these names in HpaInput.
inline constexpr const char* kBacklogFigure = "backlog";
inline constexpr const char* kWorkersDesiredFigure = "workers_desired";

struct ScalerManifest {
  std::string name;
  HpaSpec hpa;
  std::optional<KedaActivation> keda;  ///< of a ScaledObject
};

/// The autoscaler in `yaml` (documents of other kinds are ignored) whose scaleTargetRef is
/// called `target`, or the only one there is. An external metric is the backlog or workers_desired
/// by what its name, query or value location says. invalid_argument, naming `source` and the field:
/// no or more than one such autoscaler, something missing, or something that is not simulated.
Result<ScalerManifest> parse_scaler(const std::string& yaml, const std::string& source,
                                    const std::string& target);

}  // namespace thumbmill
