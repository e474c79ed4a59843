// The election and the queue-wide gauges.
#include "service/queue_exporter.h"

#include <atomic>
#include <thread>

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

/// One process's view of an election that the test decides.
class FakeLeadership final : public Leadership {
 public:
  Result<bool> hold(std::string_view, std::chrono::milliseconds, const OpContext&) override {
    ++asked;
    if (away) return Status(Code::unavailable, "away");
    return leads.load();
  }
  Status release(std::string_view, const OpContext&) override {
    ++released;
    return Status();
  }

  std::atomic<bool> leads = true;
  std::atomic<bool> away = false;
  std::atomic<int> asked = 0;
  std::atomic<int> released = 0;
};

class QueueExporterTest : public ServiceTest {
 protected:
  void await_gauges(bool there) {
    while (metrics.has(metric::kQueueBacklog) != there) tick();
  }

  /// Lets the exporter go round at least once.
  void go_round() {
    const int before = leadership.asked;
    while (leadership.asked < before + 2) tick();
  }

  void tick() {
    clock.advance(QueueExporter::kInterval);
    std::this_thread::yield();
  }

  FakeLeadership leadership;
  Workload workload{notifier, clock, std::chrono::minutes(1)};
  std::atomic<std::uint64_t> unqueued = 0;
  QueueExporter exporter{{[this](const OpContext& context) -> Result<QueueDepth> {
                            ASSIGN_OR_RETURN(QueueDepth depth, queue.depth(context));
                            depth.unqueued = unqueued;
                            return depth;
                          },
                          leadership, workload, metrics, log, clock}};
};

TEST_F(QueueExporterTest, TheLeadIsGivenUpOnAStop) {
  exporter.start();
  EXPECT_TRUE(exporter.leads());
  await_gauges(true);
  exporter.stop();
  EXPECT_EQ(leadership.released, 1);
  EXPECT_FALSE(metrics.has(metric::kQueueBacklog));
}

TEST_F(QueueExporterTest, CountsReadyAndRunningJobs) {
  accept(make_upload("a"));
  accept(make_upload("b"));
  const std::vector<Lease> leases = queue.lease(1, std::chrono::hours(100), {}, {}).value();
  exporter.start();
  await_gauges(true);
  EXPECT_EQ(metrics.value(metric::kQueueReady), 1);
  EXPECT_EQ(metrics.value(metric::kQueueRunning), 1);
  EXPECT_EQ(metrics.value(metric::kQueueBacklog), 2);
}

TEST_F(QueueExporterTest, UploadsThatWaitForTheQueueAreWorkForScalers) {
  unqueued = 2;
  exporter.start();
  await_gauges(true);
  EXPECT_EQ(metrics.value(metric::kQueueReady), 0);
  EXPECT_EQ(metrics.value(metric::kQueueBacklog), 2);
  while (metrics.value(metric::kWorkersDesired) != 1) std::this_thread::yield();
}

TEST_F(QueueExporterTest, WhoDoesNotLeadExportsNothing) {
  leadership.leads = false;
  exporter.start();
  go_round();
  EXPECT_FALSE(exporter.leads());
  EXPECT_FALSE(metrics.has(metric::kQueueBacklog));
  exporter.stop();
  EXPECT_EQ(leadership.released, 0);
}

TEST_F(QueueExporterTest, ALostLeadTakesTheGaugesAway) {
  exporter.start();
  await_gauges(true);
  leadership.leads = false;
  await_gauges(false);
  EXPECT_FALSE(exporter.leads());
  leadership.leads = true;
  await_gauges(true);
}

TEST_F(QueueExporterTest, NobodyLeadsWhileNobodyKnows) {
  exporter.start();
  await_gauges(true);
  leadership.away = true;
  await_gauges(false);
  EXPECT_FALSE(exporter.leads());
}

TEST_F(QueueExporterTest, ALongTimeWithoutKnowingWhoLeadsIsAFailure) {
  leadership.away = true;
  exporter.start();
  EXPECT_TRUE(exporter.check().ok()) << "as at each start";
  for (auto waited = 0s; waited < QueueExporter::kUnknownFor; waited += QueueExporter::kInterval) {
    go_round();
  }
  EXPECT_EQ(exporter.check().code(), Code::unavailable);
  leadership.away = false;
  leadership.leads = false;
  go_round();
  EXPECT_TRUE(exporter.check().ok()) << "another leads";
}

TEST_F(QueueExporterTest, AnUnknownDepthIsNoFigure) {
  exporter.start();
  await_gauges(true);
  queue.fail_all(Status(Code::unavailable, "away"));
  await_gauges(false);
  EXPECT_TRUE(exporter.leads());
}

TEST_F(QueueExporterTest, TheJanitorSweepsOnlyWhereItLeads) {
  const std::string left = accept();
  queue.wipe();
  std::atomic<bool> leads = false;
  std::atomic<int> asked = 0;
  JanitorParts janitor_parts{store, queue, metrics, log, clock, [&] {
                               ++asked;
                               return leads.load();
                             }};
  Janitor janitor({}, janitor_parts);
  janitor.start();
  while (asked < 3) tick();
  EXPECT_EQ(queued(left), std::nullopt);
  leads = true;
  while (metrics.value(metric::kSweepRequeued) < 1) {
    clock.advance(std::chrono::seconds(61));
    std::this_thread::yield();
  }
  EXPECT_EQ(queued(left)->state, QueuedState::ready);
}

}  // namespace
}  // namespace thumbmill
