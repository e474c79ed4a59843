#include "app/plan/hpa_replicas.h"

#include <algorithm>
#include <cmath>

namespace thumbmill {
namespace {

bool is_within(double ratio, double tolerance) { return std::abs(1 - ratio) <= tolerance; }

int round_up(double replicas) { return static_cast<int>(std::ceil(replicas)); }

enum class Group { ignored, unready, missing, ready };

Group group_of(const PodSample& pod, double now, const HpaTiming& timing) {
  if (pod.ending) return Group::ignored;
  if (pod.pending) return Group::unready;
  if (!pod.usage_millis) return Group::missing;
  bool unready = false;
  if (pod.started_at + timing.cpu_initialization_seconds > now) {
    // Starting up costs CPU that says nothing: a whole window since it became ready is asked for.
    unready = !pod.ready || pod.measured_at < pod.ready_changed_at + pod.window_seconds;
  } else {
    // Unready and never been otherwise.
    unready =
        !pod.ready && pod.started_at + timing.initial_readiness_seconds > pod.ready_changed_at;
  }
  return unready ? Group::unready : Group::ready;
}

// The controller counts in whole per cent.
double usage_ratio(const std::vector<std::int64_t>& usages, std::int64_t request_millis,
                   int target_percent) {
  std::int64_t total = 0;
  for (const std::int64_t usage : usages) total += usage;
  const auto requests = request_millis * static_cast<std::int64_t>(usages.size());
  const std::int64_t percent = total * 100 / requests;
  return static_cast<double>(percent) / target_percent;
}

}  // namespace

std::optional<int> replicas_by_cpu(const std::vector<PodSample>& pods, std::int64_t request_millis,
                                   int target_percent, int current, double now,
                                   const HpaTiming& timing) {
  std::vector<std::int64_t> usages;
  std::size_t unready = 0;
  std::size_t missing = 0;
  for (const PodSample& pod : pods) {
    const Group group = group_of(pod, now, timing);
    if (group == Group::ready) usages.push_back(*pod.usage_millis);
    if (group == Group::unready) ++unready;
    if (group == Group::missing) ++missing;
  }
  if (usages.empty()) return std::nullopt;
  const double ratio = usage_ratio(usages, request_millis, target_percent);
  const bool up_with_unready = unready > 0 && ratio > 1;
  if (!up_with_unready && missing == 0) {
    if (is_within(ratio, timing.tolerance)) return current;
    return round_up(ratio * static_cast<double>(usages.size()));
  }
  // What is not known is assumed to speak against the change.
  if (ratio < 1) {
    usages.insert(usages.end(), missing, std::max(100, target_percent) * request_millis / 100);
  } else if (ratio > 1) {
    usages.insert(usages.end(), missing, 0);
  }
  if (up_with_unready) usages.insert(usages.end(), unready, 0);
  const double damped = usage_ratio(usages, request_millis, target_percent);
  const bool turned = (ratio < 1 && damped > 1) || (ratio > 1 && damped < 1);
  if (is_within(damped, timing.tolerance) || turned) return current;
  const int replicas = round_up(damped * static_cast<double>(usages.size()));
  if ((damped < 1 && replicas > current) || (damped > 1 && replicas < current)) return current;
  return replicas;
}

int replicas_by_average(double value, double target, int status_replicas, double tolerance) {
  // Without pods the ratio is infinite, or no number: out of the tolerance either way.
  if (status_replicas > 0 && is_within(value / (target * status_replicas), tolerance))
    return status_replicas;
  return round_up(value / target);
}

int replicas_by_value(double value, double target, int current, int ready, double tolerance) {
  const double ratio = value / target;
  if (current == 0) return round_up(ratio);
  if (is_within(ratio, tolerance)) return current;
  return round_up(ratio * ready);
}

}  // namespace thumbmill
