// The jobs of a TaskSource, from the lease to its settling.
#include "service/task_processor.h"

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

/// Tasks about "images/<id>", on a queue in memory; remembers what it is told.
class FakeTasks final : public TaskSource {
 public:
  explicit FakeTasks(MemoryQueue& queue) : queue_(queue) {}

  Result<std::vector<Lease>> lease(std::size_t most, std::chrono::milliseconds ttl,
                                   std::chrono::milliseconds wait,
                                   const OpContext& context) override {
    return queue_.lease(most, ttl, wait, context);
  }
  Status check(const OpContext& context) override { return queue_.check(context); }
  Result<ImageTask> task(const Lease& lease) override {
    if (lease.id() == "hostile") return Status(Code::invalid_argument, "no key");
    return ImageTask{"images/" + lease.id(), "made/" + lease.id() + "-{rendition}.{ext}", removes,
                     time_limit};
  }
  Status report_done(const Lease& lease, const std::vector<MadeThumbnail>& made,
                     const OpContext&) override {
    if (!report_failure.ok()) return std::exchange(report_failure, Status());
    done[lease.id()] = made;
    return Status();
  }
  Status report_failed(const Lease& lease, const JobFailure& failure, const OpContext&) override {
    failed.emplace(lease.id(), failure);
    return Status();
  }

  bool removes = false;
  std::optional<std::chrono::milliseconds> time_limit;
  Status report_failure;
  std::map<std::string, std::vector<MadeThumbnail>> done;
  std::map<std::string, JobFailure> failed;

 private:
  MemoryQueue& queue_;
};

class TaskProcessorTest : public ServiceTest {
 protected:
  void publish(const std::string& id, const std::string& bytes) {
    if (!bytes.empty()) {
      ASSERT_TRUE(store.put("images/" + id, Blob(bytes), {}, {}).ok());
    }
    ASSERT_TRUE(queue.enqueue(id, {}).ok());
  }

  /// Runs a worker until the next task has ended.
  JobState work() {
    WorkerOptions options = one_thread();
    options.task_renditions = {RenditionSpec{}};
    WorkerParts its = parts();
    its.tasks = &tasks;
    return run_to_end(options, its);
  }

  FakeTasks tasks{queue};
};

TEST_F(TaskProcessorTest, ThumbnailsGoWhereTheTaskSays) {
  publish("a", jpeg_bytes("picture"));
  EXPECT_EQ(work(), JobState::done);
  EXPECT_EQ(store.keys(), (std::vector<std::string>{"images/a", "made/a-thumb.jpg"}));
  EXPECT_EQ(store.get("made/a-thumb.jpg", {}).value().info.content_type, "image/jpeg");
  ASSERT_EQ(tasks.done.at("a").size(), 1u);
  EXPECT_EQ(tasks.done.at("a")[0].key, "made/a-thumb.jpg");
  EXPECT_GT(tasks.done.at("a")[0].facts.size_bytes, 0u);
  EXPECT_EQ(queued("a"), std::nullopt);
  EXPECT_EQ(jobs("done", Code::ok), 1);
}

TEST_F(TaskProcessorTest, TheImageGoesWhenItIsToAndTheTaskIsDone) {
  tasks.removes = true;
  publish("a", jpeg_bytes("picture"));
  EXPECT_EQ(work(), JobState::done);
  EXPECT_EQ(store.keys(), (std::vector<std::string>{"made/a-thumb.jpg"}));
}

TEST_F(TaskProcessorTest, WhatCanNeverBeDoneFailsAtOnce) {
  for (const auto& [id, bytes] : std::vector<std::pair<std::string, std::string>>{
           {"hostile", ""}, {"missing", ""}, {"text", "this is no image"}}) {
    publish(id, bytes);
    EXPECT_EQ(work(), JobState::failed);
  }
  EXPECT_EQ(tasks.failed.at("hostile").code, Code::invalid_argument);
  EXPECT_EQ(tasks.failed.at("missing").code, Code::not_found);
  EXPECT_EQ(tasks.failed.at("text").code, Code::unsupported);
  EXPECT_EQ(queued("missing")->state, QueuedState::dead);
  EXPECT_EQ(thumbnailer.calls(), 0u);
  EXPECT_TRUE(has("images/text")) << "it is not ours to remove";
}

TEST_F(TaskProcessorTest, ABadImageFailsWithItsReason) {
  publish("a", jpeg_bytes("picture"));
  thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
  EXPECT_EQ(work(), JobState::failed);
  EXPECT_EQ(tasks.failed.at("a").message, "damaged");
}

TEST_F(TaskProcessorTest, AnImageThatTakesTooLongForItsTaskFailsAtOnce) {
  tasks.time_limit = std::chrono::seconds(2);
  publish("a", jpeg_bytes("picture"));
  thumbnailer.set_hook([&](const ThumbnailRequest&, const OpContext& context) {
    EXPECT_EQ(context.deadline, clock.now() + *tasks.time_limit);
    clock.advance(*tasks.time_limit);
    return Status(Code::deadline_exceeded, "late");
  });
  EXPECT_EQ(work(), JobState::failed);
  EXPECT_EQ(tasks.failed.at("a").message, "late");
  EXPECT_EQ(thumbnailer.calls(), 1u);
}

TEST_F(TaskProcessorTest, TroubleWithTheQueueBurnsNoTry) {
  publish("a", jpeg_bytes("picture"));
  tasks.report_failure = Status(Code::unavailable, "away");
  EXPECT_EQ(work(), JobState::done);
  EXPECT_EQ(thumbnailer.calls(), 2u);
  EXPECT_EQ(jobs("retried", Code::unavailable), 1);
  EXPECT_EQ(notifier.events().back().attempt, 1);
}

TEST_F(TaskProcessorTest, AnImageThatKillsItsWorkersIsGivenUp) {
  publish("a", jpeg_bytes("picture"));
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(queue.lease(1, std::chrono::seconds(1), {}, {}).value().size(), 1u);
    clock.advance(std::chrono::seconds(2));
  }
  EXPECT_EQ(work(), JobState::failed);
  EXPECT_EQ(tasks.failed.at("a").code, Code::internal);
  EXPECT_EQ(thumbnailer.calls(), 0u);
}

}  // namespace
}  // namespace thumbmill
