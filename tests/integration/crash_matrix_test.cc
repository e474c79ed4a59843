// The crash table of docs/delivery.md on real stores and queues: a process is killed (SIGKILL)
// after each of its steps, and others, which know nothing of it, end the job all the same.
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/fake_thumbnailer.h"
#include "fakes/quiet.h"
#include "fakes/redis_server.h"
#include "fakes/text_keys.h"
#include "model/object_key.h"
#include "notify/local/local_notifier.h"
#include "queue/redis/redis_queue.h"
#include "queue/sqlite/sqlite_queue.h"
#include "s3_server.h"
#include "service/ingest.h"
#include "service/janitor.h"
#include "service/job_records.h"
#include "service/worker.h"
#include "store/fs/fs_store.h"
#include "store/s3/s3_store.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

/// What outlives the processes of a test. The parts that it opens go before a fork.
class Backends {
 public:
  virtual ~Backends() = default;
  virtual std::unique_ptr<ObjectStore> open_store() = 0;
  virtual std::unique_ptr<JobQueue> open_queue() = 0;
  virtual void lose_queue() = 0;

 protected:
  SystemClock clock_;
  Random random_;
  NoMetrics metrics_;
  NoLogger log_;
};

class OnFolder : public Backends {
 public:
  std::unique_ptr<ObjectStore> open_store() override {
    return FsStore::open(directory_.path() + "/store", clock_).value();
  }
  std::unique_ptr<JobQueue> open_queue() override {
    return SqliteQueue::open(directory_.path() + "/queue.db", clock_, log_).value();
  }
  void lose_queue() override {
    for (const char* part : {"", "-wal", "-shm"}) {
      std::filesystem::remove(directory_.path() + "/queue.db" + part);
    }
  }

 private:
  const TempDirectory directory_;
};

class OnRedis : public OnFolder {
 public:
  std::unique_ptr<JobQueue> open_queue() override {
    return RedisQueue::open(options_, clock_, random_, log_).value();
  }
  void lose_queue() override {
    RedisConnector connector(options_);
    ASSERT_TRUE(connector.connect().value().call({"FLUSHALL"}).ok());
  }

 private:
  const RedisServer server_;
  const RedisOptions options_ = parse_redis_url(server_.url()).value();
};

class OnS3AndRedis final : public OnRedis {
 public:
  explicit OnS3AndRedis(std::unique_ptr<S3TestServer> server)
      : server_(std::move(server)), options_(server_->options()) {}
  std::unique_ptr<ObjectStore> open_store() override {
    return S3Store::open(options_, clock_, random_, metrics_, log_).value();
  }

 private:
  const std::unique_ptr<S3TestServer> server_;
  const S3Options options_;
};

/// One way to keep images and jobs, or why it cannot be had here.
struct Setting {
  std::string name;
  std::function<std::unique_ptr<Backends>(std::string& missing)> make;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

const Setting kSettings[] = {
    {"folder_sqlite", [](std::string&) { return std::make_unique<OnFolder>(); }},
    {"folder_redis",
     [](std::string& missing) -> std::unique_ptr<Backends> {
       if (!RedisServer::is_installed()) missing = "there is no redis-server program";
       return missing.empty() ? std::make_unique<OnRedis>() : nullptr;
     }},
    {"s3_redis",
     [](std::string& missing) -> std::unique_ptr<Backends> {
       if (!RedisServer::is_installed()) missing = "there is no redis-server program";
       auto server = std::make_unique<S3TestServer>("moto");  // s3rver lacks conditional puts
       if (missing.empty()) missing = server->missing();
       if (!missing.empty()) return nullptr;
       return std::make_unique<OnS3AndRedis>(std::move(server));
     }},
};

/// The parts of one process: open from its construction on.
struct Process {
  explicit Process(Backends& backends)
      : store(backends.open_store()), queue(backends.open_queue()) {}

  WorkerParts worker_parts(std::function<void(WorkerStep)> at_step = {}) {
    return {*store, *queue, thumbnailer, notifier, metrics, log, clock, random, std::move(at_step)};
  }

  SystemClock clock;
  Random random;
  NoMetrics metrics;
  NoLogger log;
  LocalNotifier notifier;
  FakeThumbnailer thumbnailer;
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<JobQueue> queue;
};

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

/// A store after whose call number `last` the process dies.
class DyingStore final : public ObjectStore {
 public:
  DyingStore(ObjectStore& store, int last) : store_(store), left_(last) {}

  Status put(std::string_view key, const Blob& body, const PutOptions& options,
             const OpContext& context) override {
    return called(store_.put(key, body, options, context));
  }
  Result<Object> get(std::string_view key, std::uint64_t most_bytes,
                     const OpContext& context) override {
    return called(store_.get(key, most_bytes, context));
  }
  Result<ObjectInfo> head(std::string_view key, const OpContext& context) override {
    return called(store_.head(key, context));
  }
  Status remove(std::string_view key, const OpContext& context) override {
    return called(store_.remove(key, context));
  }
  Status copy(std::string_view from, std::string_view to, const OpContext& context) override {
    return called(store_.copy(from, to, context));
  }
  Result<std::vector<ListedObject>> list(std::string_view prefix, std::string_view after,
                                         std::size_t limit, const OpContext& context) override {
    return called(store_.list(prefix, after, limit, context));
  }
  Status check(const OpContext& context) override { return store_.check(context); }
  Result<std::size_t> remove_unfinished(WallTime before, const OpContext& context) override {
    return store_.remove_unfinished(before, context);
  }
  std::string spool_directory() const override { return store_.spool_directory(); }

 private:
  template <typename T>
  T called(T result) {
    if (--left_ == 0) die();
    return result;
  }

  ObjectStore& store_;
  int left_;
};

constexpr WorkerStep kSteps[] = {WorkerStep::leased,        WorkerStep::fetched,
                                 WorkerStep::decoded,       WorkerStep::thumbs_stored,
                                 WorkerStep::result_stored, WorkerStep::original_removed,
                                 WorkerStep::settled};

class CrashMatrixTest : public testing::TestWithParam<Setting> {
 protected:
  static constexpr milliseconds kLease{300};
  static constexpr unsigned kPatienceSeconds = 60;

  void SetUp() override {
    std::string missing;
    backends_ = GetParam().make(missing);
    if (!backends_) GTEST_SKIP() << missing;
  }

  static WorkerOptions options() {
    WorkerOptions options;
    options.threads = 1;
    options.lease_ttl = kLease;
    options.lease_renewal = kLease / 4;
    options.lease_patience = kLease / 2;
    return options;
  }

  static Upload make_upload(std::optional<std::string> key = std::nullopt) {
    const std::string bytes("\xff\xd8\xff\xe0\x00\x10JFIF\x00picture", 18);
    Upload upload;
    upload.body = Blob(bytes);
    upload.name = "photo.jpg";
    upload.renditions = {RenditionSpec{}};
    upload.keep_original = true;
    upload.idempotency_key = std::move(key);
    return upload;
  }

  static Result<AcceptedUpload> accept(Process& process, ObjectStore& store, const Upload& upload) {
    Ingest ingest(store, *process.queue, process.notifier, process.metrics, process.log,
                  process.clock);
    return ingest.accept(upload, {});
  }

  /// Runs `life` in a process of its own; whether it was killed rather than ending by itself.
  bool is_killed(const std::function<void()>& life) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(kPatienceSeconds);
      life();
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0)
        << "status " << status;
    return WIFSIGNALED(status);
  }

  /// A worker that takes what there is and dies after the step.
  void run_worker_until(WorkerStep step, bool bad_image) {
    EXPECT_TRUE(is_killed([&] {
      Process process(*backends_);
      if (bad_image) process.thumbnailer.fail_next({Status(Code::corrupt_input, "damaged")});
      Worker worker(options(), process.worker_parts([step](WorkerStep at) {
        if (at == step) die();
      }));
      worker.start();
      for (;;) ::pause();
    }));
  }

  /// Sweeps, and works until nothing is queued any more.
  static void finish(Process& process, bool bad_image = false) {
    if (bad_image) {
      process.thumbnailer.set_hook([](const ThumbnailRequest&, const OpContext&) {
        return Status(Code::corrupt_input, "damaged");
      });
    }
    JanitorOptions janitor_options;
    janitor_options.sweep_age = milliseconds(0);
    Janitor janitor(janitor_options,
                    {*process.store, *process.queue, process.metrics, process.log, process.clock});
    EXPECT_TRUE(janitor.sweep({}).ok());
    Worker worker(options(), process.worker_parts());
    worker.start();
    for (;;) {
      const QueueDepth depth = process.queue->depth({}).value();
      if (depth.backlog() + depth.delayed == 0) break;
      // Asked without a pause, the queue would have no time left for the worker's leases.
      std::this_thread::sleep_for(milliseconds(5));
    }
    worker.stop(std::chrono::hours(1));
  }

  static std::vector<std::string> keys(ObjectStore& store) {
    std::vector<std::string> keys;
    for (const ListedObject& object : store.list("", "", 1000, {}).value()) {
      keys.push_back(object.key);
    }
    return keys;
  }

  /// A worker dies after each step, with and without the queue being lost as well. `left` is what a
  /// job of that id leaves in the store.
  void kill_after_each_step(
      bool bad_image, const std::function<std::vector<std::string>(const std::string& id)>& left) {
    std::vector<std::string> expected;
    for (const bool queue_lost : {false, true}) {
      for (const WorkerStep step : kSteps) {
        if (bad_image && step == WorkerStep::thumbs_stored) continue;  // there are none
        SCOPED_TRACE(static_cast<int>(step));
        std::string id;
        {
          Process process(*backends_);
          id = accept(process, *process.store, make_upload()).value().id;
        }
        run_worker_until(step, bad_image);
        if (queue_lost) backends_->lose_queue();
        Process process(*backends_);
        finish(process, bad_image);
        for (const std::string& key : left(id)) expected.push_back(key);
        EXPECT_THAT(keys(*process.store), testing::UnorderedElementsAreArray(expected));
        const JobResult result = read_result(*process.store, job_id(id), {}).value().value();
        EXPECT_EQ(result.failure ? result.failure->code : Code::ok,
                  bad_image ? Code::corrupt_input : Code::ok);
      }
    }
  }

  std::unique_ptr<Backends> backends_;
};

TEST_P(CrashMatrixTest, AWorkerThatDiesAfterAnyStepLosesNothing) {
  kill_after_each_step(false, [](const std::string& id) {
    return std::vector{original_key(id), result_key(id), thumb_key(id, "thumb", ImageFormat::jpeg)};
  });
}

TEST_P(CrashMatrixTest, AWorkerThatDiesOnAFailingJobLosesNothing) {
  kill_after_each_step(true, [](const std::string& id) {
    return std::vector{dead_key(id), result_key(id)};
  });
}

// The client, which got no answer, sends it again with its key.
TEST_P(CrashMatrixTest, AnApiThatDiesAfterAnyCallOfTheStoreLeavesNothingHalfDone) {
  int calls = 1;
  for (;; ++calls) {
    SCOPED_TRACE(calls);
    const Upload upload = make_upload("key-" + std::to_string(calls));
    const bool killed = is_killed([&] {
      Process process(*backends_);
      DyingStore store(*process.store, calls);
      if (!accept(process, store, upload).ok()) ::_exit(1);
    });
    Process process(*backends_);
    const std::string id = accept(process, *process.store, upload).value().id;
    finish(process);
    EXPECT_TRUE(read_result(*process.store, job_id(id), {}).value().value().done());
    for (const std::string& key : keys(*process.store)) {
      EXPECT_THAT(key, testing::Not(testing::StartsWith("uploads/")));
    }
    // One upload a key, however often it was sent.
    EXPECT_EQ(process.store->list("originals/", "", 1000, {}).value().size(),
              static_cast<std::size_t>(calls));
    if (!killed) break;
  }
  EXPECT_GT(calls, 2) << "the claim of the key and the upload itself, at least";
}

INSTANTIATE_TEST_SUITE_P(On, CrashMatrixTest, testing::ValuesIn(kSettings),
                         [](const auto& setting) { return setting.param.name; });

}  // namespace
}  // namespace thumbmill
