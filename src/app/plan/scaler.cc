#include "app/plan/scaler.h"

#include <algorithm>

namespace thumbmill {
namespace {

HpaSpec without_zero(HpaSpec spec) {
  spec.min_replicas = std::max(1, spec.min_replicas);
  return spec;
}

class ShippedScaler final : public Scaler {
 public:
  explicit ShippedScaler(const ScalerManifest& manifest)
      : least_(manifest.hpa.min_replicas),
        hpa_(manifest.keda ? without_zero(manifest.hpa) : manifest.hpa),
        keda_(manifest.keda) {}

  int first() const override { return least_; }

  int replicas(const HpaInput& input) override {
    HpaInput seen = input;
    if (keda_ && input.now >= poll_at_) {
      poll_at_ = input.now + keda_->polling_seconds;
      seen.spec_replicas = woken_or_asleep(input);
    }
    if (input.now < sync_at_) return seen.spec_replicas;
    sync_at_ = input.now + hpa_.timing().sync_seconds;
    return hpa_.sync(seen);
  }

 private:
  int woken_or_asleep(const HpaInput& input) {
    const bool active =
        std::any_of(input.external.begin(), input.external.end(), [this](const auto& figure) {
          return reads(figure.first) && figure.second > keda_->threshold;
        });
    if (active) active_at_ = input.now;
    if (active && input.spec_replicas == 0) return 1;
    if (least_ == 0 && input.now - active_at_ >= keda_->cooldown_seconds) return 0;
    return input.spec_replicas;
  }

  bool reads(const std::string& figure) const {
    const auto& metrics = hpa_.spec().metrics;
    return std::any_of(metrics.begin(), metrics.end(),
                       [&figure](const HpaMetric& metric) { return metric.name == figure; });
  }

  const int least_;
  Hpa hpa_;
  const std::optional<KedaActivation> keda_;
  double sync_at_ = 0;
  double poll_at_ = 0;
  double active_at_ = 0;
};

class ScheduledScaler final : public Scaler {
 public:
  ScheduledScaler(std::vector<int> steps, double step_seconds)
      : steps_(std::move(steps)), step_seconds_(step_seconds) {}

  int first() const override { return steps_.front(); }

  int replicas(const HpaInput& input) override {
    const auto step = static_cast<std::size_t>(input.now / step_seconds_);
    return steps_[std::min(step, steps_.size() - 1)];
  }

 private:
  const std::vector<int> steps_;
  const double step_seconds_;
};

}  // namespace

std::unique_ptr<Scaler> shipped_scaler(const ScalerManifest& manifest) {
  return std::make_unique<ShippedScaler>(manifest);
}

std::unique_ptr<Scaler> fixed_scaler(int replicas) {
  return std::make_unique<ScheduledScaler>(std::vector{replicas}, 1);
}

std::unique_ptr<Scaler> scheduled_scaler(std::vector<int> steps, double step_seconds) {
  return std::make_unique<ScheduledScaler>(std::move(steps), step_seconds);
}

}  // namespace thumbmill
