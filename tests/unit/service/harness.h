// All of service/ on fakes, for its tests.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/eventually.h"
#include "fakes/fake_thumbnailer.h"
#include "fakes/memory_queue.h"
#include "fakes/memory_store.h"
#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "fakes/sim_clock.h"
#include "fakes/text_keys.h"
#include "model/object_key.h"
#include "service/catalog.h"
#include "service/dead_letters.h"
#include "service/ingest.h"
#include "service/janitor.h"
#include "service/job_records.h"
#include "service/worker.h"

namespace thumbmill {

/// Remembers events and lets a test wait for them.
class RecordingNotifier final : public Notifier {
 public:
  void publish(JobEvent event) override {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
  }

  std::unique_ptr<Subscription> subscribe(const std::string&, Listener) override { return nullptr; }
  std::uint64_t last_sequence() const override { return 0; }
  EventPage events_after(std::uint64_t, const std::string&, std::size_t) const override {
    return {};
  }

  /// Blocks until `count` events of a state have been published, of one job or of all.
  void await(JobState state, std::size_t count = 1, const std::string& id = {}) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return matching(state, id) >= count; });
  }

  std::size_t count(JobState state, const std::string& id = {}) const {
    const std::lock_guard lock(mutex_);
    return matching(state, id);
  }

  /// The state of the first event from number `from` on, counted over all jobs; waits for it.
  JobState await_event(std::size_t from) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return events_.size() > from; });
    return events_[from].state;
  }

  std::vector<JobEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  std::size_t matching(JobState state, const std::string& id) const {
    std::size_t count = 0;
    for (const JobEvent& event : events_) {
      count += event.state == state && (id.empty() || event.id == id) ? 1 : 0;
    }
    return count;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JobEvent> events_;  // guarded by mutex_
};

/// The bytes of something that looks like a JPEG to the sniffer.
inline std::string jpeg_bytes(const std::string& content) {
  return std::string("\xff\xd8\xff\xe0\x00\x10JFIF\x00", 11) + content;
}

class ServiceTest : public testing::Test {
 protected:
  static constexpr std::chrono::hours kNoHurry{1};

  static Upload make_upload(const std::string& content = "picture") {
    const std::string bytes = jpeg_bytes(content);
    Upload upload;
    upload.body = Blob(bytes);
    upload.name = "photo.jpg";
    upload.renditions = {RenditionSpec{}};
    return upload;
  }

  std::string accept(const Upload& upload = make_upload()) {
    const Result<AcceptedUpload> accepted = ingest.accept(upload, {});
    EXPECT_TRUE(accepted.ok()) << accepted.status().to_string();
    accepted_ += accepted.ok() ? 1 : 0;
    return accepted.ok() ? accepted->id : std::string();
  }

  WorkerParts parts(std::function<void(WorkerStep)> at_step = {}) {
    return {.store = store,
            .queue = queue,
            .thumbnailer = thumbnailer,
            .notifier = notifier,
            .metrics = metrics,
            .log = log,
            .clock = clock,
            .random = random,
            .at_step = std::move(at_step)};
  }

  static WorkerOptions one_thread() {
    WorkerOptions options;
    options.threads = 1;
    return options;
  }

  /// Runs one worker until the job has ended, moving the clock over every delay.
  JobState run_to_end() { return run_to_end(one_thread(), parts()); }
  JobState run_to_end(const WorkerOptions& options, const WorkerParts& its_parts) {
    Worker worker(options, its_parts);
    std::size_t seen = notifier.events().size();
    worker.start();
    for (;; ++seen) {
      const JobState state = notifier.await_event(seen);
      if (state == JobState::done || state == JobState::failed) {
        worker.stop(kNoHurry);
        return state;
      }
      if (state == JobState::queued) {
        clock.advance(std::chrono::minutes(6));
        advance_until([&] { return !is_leasing_paused() || notifier.events().size() > seen + 1; });
      }
    }
  }

  /// Moves the clock until `reached`, but not while a job of accept() is in a worker's hands: its
  /// lease would be lost.
  void advance_until(const std::function<bool()>& reached) {
    EXPECT_TRUE(eventually("what the clock moves for", [&] {
      if (reached()) return true;
      const std::size_t leased = queue.leases();
      const std::size_t settled = notifier.count(JobState::queued) - accepted_ +
                                  notifier.count(JobState::done) + notifier.count(JobState::failed);
      if (leased == settled) clock.advance(std::chrono::seconds(5));
      return false;
    }));
  }

  bool is_leasing_paused() const { return metrics.value(metric::kStoreBreakerOpen) == 1; }

  bool has(const std::string& key) { return object_exists(store, key, {}).value(); }

  std::optional<JobResult> result_of(const std::string& id) {
    return read_result(store, job_id(id), {}).value();
  }

  std::optional<QueuedJob> queued(const std::string& id) { return queue.find(id, {}).value(); }

  double jobs(std::string_view outcome, Code code) {
    return metrics.value(metric::kJobs, {outcome, code_name(code)});
  }

  /// The one key of the job's thumbnail when it was asked for as make_upload() does.
  static std::string thumb_of(const std::string& id) {
    return thumb_key(id, "thumb", ImageFormat::jpeg);
  }

  SimClock clock;
  Random random{20260131};
  MemoryStore store{clock};
  MemoryQueue queue{clock};
  FakeThumbnailer thumbnailer;
  RecordingNotifier notifier;
  RecordingMetrics metrics;
  RecordingLogger log;
  Ingest ingest{store, queue, notifier, metrics, log, clock};
  Catalog catalog{store, queue, notifier, metrics, log, clock};
  DeadLetters dead_letters{store, queue, catalog, notifier, log, clock};

 private:
  std::size_t accepted_ = 0;
};

}  // namespace thumbmill
