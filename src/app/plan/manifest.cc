#include "app/plan/manifest.h"

#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace thumbmill {
namespace {

// What the API server puts in where a behavior leaves something out.
constexpr int kDefaultPeriodSeconds = 15;
constexpr int kDefaultPercent = 100;
constexpr int kDefaultPods = 4;
constexpr int kDefaultDownStabilization = 300;
constexpr int kKedaDefaultMost = 100;

Status wrong(const std::string& what) { return Status(Code::invalid_argument, what); }

// A quantity of Kubernetes, as far as targets are written: "30", "1.5", "1500m", "2k".
Result<double> quantity(const YAML::Node& node, const char* field) {
  if (!node || !node.IsScalar()) return wrong(fmt::format("{} is missing", field));
  std::string text = node.as<std::string>();
  double factor = 1;
  if (!text.empty() && (text.back() == 'm' || text.back() == 'k')) {
    factor = text.back() == 'm' ? 0.001 : 1'000;
    text.pop_back();
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || value <= 0)
    return wrong(
        fmt::format("{} is \"{}\"; it takes a number above 0", field, node.as<std::string>()));
  return value * factor;
}

Result<std::string> figure_in(const std::string& text) {
  for (const char* figure : {kWorkersDesiredFigure, kBacklogFigure}) {
    if (text.find(figure) != std::string::npos) return std::string(figure);
  }
  return wrong(fmt::format("the metric \"{}\" is not simulated; allowed: {}, {}", text,
                           kBacklogFigure, kWorkersDesiredFigure));
}

Result<HpaRules> parse_rules(const YAML::Node& node, HpaRules rules) {
  if (!node) return rules;
  rules.stabilization_seconds =
      node["stabilizationWindowSeconds"].as<int>(rules.stabilization_seconds);
  const auto select = node["selectPolicy"].as<std::string>("Max");
  if (select == "Min") {
    rules.select = HpaRules::Select::min;
  } else if (select == "Disabled") {
    rules.select = HpaRules::Select::disabled;
  } else if (select != "Max") {
    return wrong(fmt::format("selectPolicy is \"{}\"; allowed: Max, Min, Disabled", select));
  }
  if (!node["policies"]) return rules;
  rules.policies.clear();
  for (const YAML::Node& policy : node["policies"]) {
    const auto type = policy["type"].as<std::string>("");
    if (type != "Pods" && type != "Percent")
      return wrong(fmt::format("a policy's type is \"{}\"; allowed: Pods, Percent", type));
    rules.policies.push_back({type == "Pods" ? HpaPolicy::Kind::pods : HpaPolicy::Kind::percent,
                              policy["value"].as<int>(), policy["periodSeconds"].as<int>()});
  }
  return rules;
}

Result<std::optional<HpaBehavior>> parse_behavior(const YAML::Node& node) {
  if (!node) return std::optional<HpaBehavior>();
  const HpaRules up{0,
                    HpaRules::Select::max,
                    {{HpaPolicy::Kind::percent, kDefaultPercent, kDefaultPeriodSeconds},
                     {HpaPolicy::Kind::pods, kDefaultPods, kDefaultPeriodSeconds}}};
  const HpaRules down{kDefaultDownStabilization,
                      HpaRules::Select::max,
                      {{HpaPolicy::Kind::percent, kDefaultPercent, kDefaultPeriodSeconds}}};
  HpaBehavior behavior;
  ASSIGN_OR_RETURN(behavior.up, parse_rules(node["scaleUp"], up));
  ASSIGN_OR_RETURN(behavior.down, parse_rules(node["scaleDown"], down));
  return std::optional(behavior);
}

Result<HpaMetric> parse_metric(const YAML::Node& node) {
  const auto type = node["type"].as<std::string>("");
  HpaMetric metric;
  if (type == "Resource" || type == "ContainerResource") {
    const YAML::Node source = node[type == "Resource" ? "resource" : "containerResource"];
    if (source["name"].as<std::string>("") != "cpu")
      return wrong("of resources only cpu is simulated");
    ASSIGN_OR_RETURN(metric.target,
                     quantity(source["target"]["averageUtilization"], "averageUtilization"));
    return metric;
  }
  if (type != "External")
    return wrong(fmt::format(
        "a metric's type is \"{}\"; simulated: Resource, ContainerResource, External", type));
  const YAML::Node source = node["external"];
  ASSIGN_OR_RETURN(metric.name, figure_in(source["metric"]["name"].as<std::string>("")));
  const YAML::Node average = source["target"]["averageValue"];
  metric.kind = average ? HpaMetric::Kind::external_average : HpaMetric::Kind::external_value;
  ASSIGN_OR_RETURN(metric.target, average ? quantity(average, "averageValue")
                                          : quantity(source["target"]["value"], "value"));
  return metric;
}

Result<ScalerManifest> parse_hpa(const YAML::Node& spec) {
  ScalerManifest manifest;
  manifest.hpa.min_replicas = spec["minReplicas"].as<int>(1);
  manifest.hpa.max_replicas = spec["maxReplicas"].as<int>();
  for (const YAML::Node& node : spec["metrics"]) {
    ASSIGN_OR_RETURN(HpaMetric metric, parse_metric(node));
    manifest.hpa.metrics.push_back(std::move(metric));
  }
  ASSIGN_OR_RETURN(manifest.hpa.behavior, parse_behavior(spec["behavior"]));
  return manifest;
}

// Sets what says that there is something to do as well.
Result<HpaMetric> parse_trigger(const YAML::Node& trigger, KedaActivation& activation) {
  const auto type = trigger["type"].as<std::string>("");
  const YAML::Node data = trigger["metadata"];
  HpaMetric metric;
  if (type == "cpu") {
    ASSIGN_OR_RETURN(metric.target, quantity(data["value"], "value"));
    return metric;
  }
  const bool api = type == "metrics-api";
  if (!api && type != "prometheus")
    return wrong(
        fmt::format("a trigger's type is \"{}\"; simulated: metrics-api, prometheus, cpu", type));
  ASSIGN_OR_RETURN(metric.name,
                   figure_in(data[api ? "valueLocation" : "query"].as<std::string>("")));
  ASSIGN_OR_RETURN(metric.target, quantity(data[api ? "targetValue" : "threshold"],
                                           api ? "targetValue" : "threshold"));
  activation.threshold = data[api ? "activationTargetValue" : "activationThreshold"].as<double>(0);
  metric.kind = trigger["metricType"].as<std::string>("AverageValue") == "Value"
                    ? HpaMetric::Kind::external_value
                    : HpaMetric::Kind::external_average;
  return metric;
}

Result<ScalerManifest> parse_scaled_object(const YAML::Node& spec) {
  ScalerManifest manifest;
  manifest.keda.emplace();
  KedaActivation& keda = *manifest.keda;
  keda.polling_seconds = spec["pollingInterval"].as<double>(keda.polling_seconds);
  keda.cooldown_seconds = spec["cooldownPeriod"].as<double>(keda.cooldown_seconds);
  manifest.hpa.min_replicas = spec["minReplicaCount"].as<int>(0);
  manifest.hpa.max_replicas = spec["maxReplicaCount"].as<int>(kKedaDefaultMost);
  for (const YAML::Node& trigger : spec["triggers"]) {
    ASSIGN_OR_RETURN(HpaMetric metric, parse_trigger(trigger, keda));
    manifest.hpa.metrics.push_back(std::move(metric));
  }
  // yaml-cpp throws where a field of a field that is not there is asked for.
  const YAML::Node advanced = spec["advanced"];
  if (!advanced || !advanced["horizontalPodAutoscalerConfig"]) return manifest;
  ASSIGN_OR_RETURN(manifest.hpa.behavior,
                   parse_behavior(advanced["horizontalPodAutoscalerConfig"]["behavior"]));
  return manifest;
}

bool is_scaler(const YAML::Node& document) {
  const auto kind = document.IsMap() ? document["kind"].as<std::string>("") : "";
  return kind == "HorizontalPodAutoscaler" || kind == "ScaledObject";
}

Result<ScalerManifest> parse_document(const YAML::Node& document) {
  const YAML::Node spec = document["spec"];
  Result<ScalerManifest> manifest = document["kind"].as<std::string>() == "ScaledObject"
                                        ? parse_scaled_object(spec)
                                        : parse_hpa(spec);
  if (!manifest.ok()) return manifest;
  manifest->name = document["metadata"]["name"].as<std::string>("");
  const HpaSpec& hpa = manifest->hpa;
  if (hpa.metrics.empty()) return wrong("there are no metrics");
  if (hpa.min_replicas < 0 || hpa.max_replicas < std::max(1, hpa.min_replicas))
    return wrong(
        fmt::format("replicas from {} to {}: the least is 0 or more, and the most is not "
                    "below it",
                    hpa.min_replicas, hpa.max_replicas));
  return manifest;
}

}  // namespace

Result<ScalerManifest> parse_scaler(const std::string& yaml, const std::string& source,
                                    const std::string& target) {
  try {
    std::vector<YAML::Node> scalers;
    std::vector<YAML::Node> named;
    for (const YAML::Node& document : YAML::LoadAll(yaml)) {
      if (!is_scaler(document)) continue;
      scalers.push_back(document);
      if (document["spec"]["scaleTargetRef"]["name"].as<std::string>("") == target)
        named.push_back(document);
    }
    const std::vector<YAML::Node>& chosen = scalers.size() == 1 ? scalers : named;
    if (chosen.size() != 1)
      return wrong(fmt::format("{}: {} autoscalers, {} of them for \"{}\"; one is taken", source,
                               scalers.size(), named.size(), target));
    Result<ScalerManifest> manifest = parse_document(chosen.front());
    if (!manifest.ok()) return manifest.status().with_context(source);
    return manifest;
  } catch (const YAML::Exception& error) {
    return wrong(fmt::format("{}: {}", source, error.what()));
  }
}

}  // namespace thumbmill
