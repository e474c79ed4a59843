#include "app/plan/hpa.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace thumbmill {
namespace {

// Without a behavior: at most twice as many, but four at once always.
constexpr int kUpFactor = 2;
constexpr int kUpAtLeast = 4;

int longest_of(const HpaRules& rules) {
  int longest = rules.stabilization_seconds;
  for (const HpaPolicy& policy : rules.policies) longest = std::max(longest, policy.period_seconds);
  return longest;
}

}  // namespace

Hpa::Hpa(HpaSpec spec, HpaTiming timing)
    : spec_(std::move(spec)),
      timing_(timing),
      longest_memory_(timing.downscale_stabilization_seconds) {
  if (!spec_.behavior) return;
  longest_memory_ = std::max({longest_memory_, double(longest_of(spec_.behavior->up)),
                              double(longest_of(spec_.behavior->down))});
}

int Hpa::sync(const HpaInput& input) {
  const int current = input.spec_replicas;
  if (current == 0 && spec_.min_replicas != 0) return 0;  // switched off
  int wanted = std::clamp(current, spec_.min_replicas, spec_.max_replicas);
  if (wanted == current) {
    const std::optional<int> by = by_metrics(input);
    if (!by) return current;
    wanted = limited(current, *by, input.now);
  }
  if (spec_.behavior && wanted > current) ups_.push_back({input.now, wanted - current});
  if (spec_.behavior && wanted < current) downs_.push_back({input.now, current - wanted});
  forget_before(input.now - longest_memory_);
  return wanted;
}

// The most that any metric asks for. While one cannot be read the others may only add.
std::optional<int> Hpa::by_metrics(const HpaInput& input) const {
  std::optional<int> most;
  bool unread = false;
  const auto count = [&input](bool only_ready) {
    return static_cast<int>(
        std::count_if(input.pods.begin(), input.pods.end(), [only_ready](const PodSample& pod) {
          return !pod.ending && (!only_ready || (pod.ready && !pod.pending));
        }));
  };
  for (const HpaMetric& metric : spec_.metrics) {
    std::optional<int> replicas;
    const auto value = input.external.find(metric.name);
    if (metric.kind == HpaMetric::Kind::cpu_utilization) {
      replicas = replicas_by_cpu(input.pods, input.request_millis, static_cast<int>(metric.target),
                                 input.spec_replicas, input.now, timing_);
    } else if (value != input.external.end() && metric.kind == HpaMetric::Kind::external_average) {
      replicas = replicas_by_average(value->second, metric.target, count(false), timing_.tolerance);
    } else if (value != input.external.end()) {
      replicas = replicas_by_value(value->second, metric.target, input.spec_replicas, count(true),
                                   timing_.tolerance);
    }
    unread = unread || !replicas;
    if (replicas) most = std::max(most.value_or(0), *replicas);
  }
  if (unread && most && *most < input.spec_replicas) return std::nullopt;
  return most;
}

int Hpa::limited(int current, int wanted, double now) {
  const int stable = stabilized(current, wanted, now);
  if (spec_.behavior) return limited_by_rules(current, stable, now);
  const int most = std::min(std::max(kUpFactor * current, kUpAtLeast), spec_.max_replicas);
  return std::max(std::min(stable, most), spec_.min_replicas);
}

// The lowest recommendation of the window for going up, the highest for going down; `wanted` is
// remembered as it came.
int Hpa::stabilized(int current, int wanted, double now) {
  const bool rules = spec_.behavior.has_value();
  const double up_window = rules ? spec_.behavior->up.stabilization_seconds : 0;
  const double down_window =
      rules ? spec_.behavior->down.stabilization_seconds : timing_.downscale_stabilization_seconds;
  int up = wanted;
  int down = wanted;
  for (const Recommendation& past : recommendations_) {
    if (past.at > now - up_window) up = std::min(up, past.replicas);
    // Without a behavior the window's first moment belongs to it.
    if (rules ? past.at > now - down_window : past.at >= now - down_window)
      down = std::max(down, past.replicas);
  }
  recommendations_.push_back({now, wanted});
  return rules ? std::min(std::max(current, up), down) : down;
}

int Hpa::limited_by_rules(int current, int wanted, double now) const {
  if (wanted > current) {
    const int limit = std::max(up_limit(current, now), current);
    return std::min({wanted, limit, spec_.max_replicas});
  }
  if (wanted < current) {
    const int limit = std::min(down_limit(current, now), current);
    return std::max({wanted, limit, spec_.min_replicas});
  }
  return wanted;
}

int Hpa::changed_in(const std::vector<Change>& changes, double now, int period_seconds) {
  int sum = 0;
  for (const Change& change : changes) {
    if (change.at > now - period_seconds) sum += change.replicas;
  }
  return sum;
}

int Hpa::up_limit(int current, double now) const {
  const HpaRules& rules = spec_.behavior->up;
  if (rules.select == HpaRules::Select::disabled) return current;
  const bool least = rules.select == HpaRules::Select::min;
  int limit = least ? std::numeric_limits<int>::max() : std::numeric_limits<int>::min();
  for (const HpaPolicy& policy : rules.policies) {
    const int before = current - changed_in(ups_, now, policy.period_seconds) +
                       changed_in(downs_, now, policy.period_seconds);
    const int proposed = policy.kind == HpaPolicy::Kind::pods
                             ? before + policy.value
                             : static_cast<int>(std::ceil(before * (1 + policy.value / 100.0)));
    limit = least ? std::min(limit, proposed) : std::max(limit, proposed);
  }
  return limit;
}

int Hpa::down_limit(int current, double now) const {
  const HpaRules& rules = spec_.behavior->down;
  if (rules.select == HpaRules::Select::disabled) return current;
  const bool least = rules.select == HpaRules::Select::min;
  int limit = least ? std::numeric_limits<int>::min() : std::numeric_limits<int>::max();
  for (const HpaPolicy& policy : rules.policies) {
    const int before = current - changed_in(ups_, now, policy.period_seconds) +
                       changed_in(downs_, now, policy.period_seconds);
    const int proposed = policy.kind == HpaPolicy::Kind::pods
                             ? before - policy.value
                             : static_cast<int>(before * (1 - policy.value / 100.0));
    limit = least ? std::max(limit, proposed) : std::min(limit, proposed);
  }
  return limit;
}

void Hpa::forget_before(double moment) {
  const auto older = [moment](const auto& one) { return one.at < moment; };
  std::erase_if(recommendations_, older);
  std::erase_if(ups_, older);
  std::erase_if(downs_, older);
}

}  // namespace thumbmill
