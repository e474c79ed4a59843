#include "app/plan/manifest.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHpa = R"(
apiVersion: v1
kind: Service
metadata: {name: thumbmill-api}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: thumbmill-api}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: thumbmill-api}
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 65}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: workers}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: thumbmill-worker}
  minReplicas: 2
  maxReplicas: 20
  metrics:
    - type: External
      external: {metric: {name: thumbmill_queue_backlog}, target: {type: AverageValue, averageValue: 1500m}}
  behavior:
    scaleDown:
      selectPolicy: Min
      policies: [{type: Pods, value: 3, periodSeconds: 30}]
)";

constexpr const char* kScaledObject = R"(
kind: ScaledObject
metadata: {name: workers}
spec:
  scaleTargetRef: {name: thumbmill-worker}
  pollingInterval: 5
  cooldownPeriod: 60
  maxReplicaCount: 12
  triggers:
    - type: metrics-api
      metadata: {url: "http://api/v1/queue", valueLocation: workers_desired, targetValue: "1", activationTargetValue: "0.5"}
)";

ScalerManifest parsed(const std::string& yaml, const std::string& target = "thumbmill-worker") {
  return parse_scaler(yaml, "hpa.yaml", target).value();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

std::string refusal(const std::string& yaml) {
  return parse_scaler(yaml, "hpa.yaml", "thumbmill-worker").status().message();
}

TEST(Manifest, ReadsTheAutoscalerOfTheTarget) {
  const ScalerManifest manifest = parsed(kHpa);
  EXPECT_EQ(manifest.name, "workers");
  EXPECT_EQ(manifest.hpa.min_replicas, 2);
  EXPECT_EQ(manifest.hpa.max_replicas, 20);
  ASSERT_EQ(manifest.hpa.metrics.size(), 1u);
  EXPECT_EQ(manifest.hpa.metrics[0].kind, HpaMetric::Kind::external_average);
  EXPECT_EQ(manifest.hpa.metrics[0].name, kBacklogFigure);
  EXPECT_DOUBLE_EQ(manifest.hpa.metrics[0].target, 1.5);
  EXPECT_FALSE(manifest.keda);
}

TEST(Manifest, FillsInWhatABehaviorLeavesOut) {
  const HpaBehavior behavior = parsed(kHpa).hpa.behavior.value();
  ASSERT_EQ(behavior.up.policies.size(), 2u);
  EXPECT_EQ(behavior.up.policies[0].value, 100);
  EXPECT_EQ(behavior.up.policies[1].value, 4);
  EXPECT_EQ(behavior.up.stabilization_seconds, 0);
  EXPECT_EQ(behavior.down.stabilization_seconds, 300);
  EXPECT_EQ(behavior.down.select, HpaRules::Select::min);
  ASSERT_EQ(behavior.down.policies.size(), 1u);
  EXPECT_EQ(behavior.down.policies[0].kind, HpaPolicy::Kind::pods);
}

TEST(Manifest, HasNoBehaviorWhereNoneIsWritten) {
  const ScalerManifest manifest = parsed(kHpa, "thumbmill-api");
  EXPECT_FALSE(manifest.hpa.behavior);
  EXPECT_EQ(manifest.hpa.min_replicas, 1);
  EXPECT_EQ(manifest.hpa.metrics[0].kind, HpaMetric::Kind::cpu_utilization);
  EXPECT_EQ(manifest.hpa.metrics[0].target, 65);
}

TEST(Manifest, ReadsAScaledObject) {
  const ScalerManifest manifest = parsed(kScaledObject);
  ASSERT_TRUE(manifest.keda);
  EXPECT_EQ(manifest.keda->polling_seconds, 5);
  EXPECT_EQ(manifest.keda->cooldown_seconds, 60);
  EXPECT_EQ(manifest.keda->threshold, 0.5);
  EXPECT_EQ(manifest.hpa.min_replicas, 0);
  EXPECT_EQ(manifest.hpa.max_replicas, 12);
  EXPECT_EQ(manifest.hpa.metrics.at(0).name, kWorkersDesiredFigure);
}

TEST(Manifest, ReadsTheAutoscalersThatWeShip) {
  for (const char* file : {"overlays/eks-cpu/hpa.yaml", "overlays/eks-queue/scaledobject.yaml",
                           "components/adapter/hpa.yaml"}) {
    const auto path = std::string(THUMBMILL_SOURCE_DIR "/deploy/kustomize/") + file;
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    const auto manifest = parse_scaler(text.str(), file, "thumbmill-worker");
    ASSERT_TRUE(manifest.ok()) << manifest.status().to_string();
    EXPECT_EQ(manifest->hpa.min_replicas, 1) << file;
    EXPECT_EQ(manifest->hpa.max_replicas, 20) << file;
    EXPECT_TRUE(manifest->hpa.behavior) << file;
  }
}

TEST(Manifest, SaysWhatIsWrong) {
  EXPECT_THAT(refusal("kind: Service"), HasSubstr("hpa.yaml: 0 autoscalers"));
  EXPECT_THAT(refusal(replaced(kHpa, "name: thumbmill-worker", "name: other")),
              HasSubstr("2 autoscalers, 0 of them"));
  EXPECT_THAT(refusal(replaced(kScaledObject, "metrics-api", "cron")), HasSubstr("\"cron\""));
  EXPECT_THAT(refusal(replaced(kScaledObject, "workers_desired", "dead")), HasSubstr("\"dead\""));
  EXPECT_THAT(refusal(replaced(kScaledObject, "\"1\"", "\"-1\"")), HasSubstr("targetValue"));
  EXPECT_THAT(refusal(replaced(kHpa, "maxReplicas: 20", "maxReplicas: 1")),
              HasSubstr("from 2 to 1"));
  EXPECT_THAT(refusal(replaced(kHpa, "maxReplicas: 20", "")), HasSubstr("maxReplicas"));
  EXPECT_THAT(refusal("kind: [HorizontalPod"), HasSubstr("hpa.yaml: "));
  EXPECT_THAT(refusal(replaced(kHpa, "selectPolicy: Min", "selectPolicy: Most")),
              HasSubstr("\"Most\""));
}

}  // namespace
}  // namespace thumbmill
