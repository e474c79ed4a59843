#include "queue/sqlite/sqlite_queue.h"

#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/private_directory.h"
#include "queue/sqlite/job_table.h"

namespace thumbmill {
namespace {

// How many operations share one sync at the most.
constexpr std::size_t kMostInGroup = 64;

// Failures of the file, which void the whole transaction, as against answers about one job.
bool is_file_failure(Code code) {
  return code == Code::unavailable || code == Code::exhausted || code == Code::corrupt_input;
}

Result<UniqueFd> lock_file(const std::string& path) {
  UniqueFd lock(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!lock.valid()) return status_from_errno(errno, "cannot use the queue's lock file " + path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return status_from_errno(errno, "cannot lock " + path);
  return Status(Code::conflict, "another process uses this queue (it holds " + path + ")");
}

// The file and what SQLite keeps beside it, out of the way but not lost.
Status set_aside(const std::string& path, const Clock& clock, Logger& log) {
  const std::string suffix = fmt::format(".damaged-{}", to_unix_ms(clock.wall_now()) / 1000);
  for (const char* part : {"", "-wal", "-shm"}) {
    std::error_code error;
    const std::string present = path + part;
    std::filesystem::rename(present, present + suffix, error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return status_from_errno(error.value(),
                               fmt::format("cannot set the damaged queue file {} aside", present));
    }
  }
  log.error("the queue's file was damaged and has been set aside; the sweep fills a new one",
            {{"file", path}, {"kept_as", path + suffix}});
  return Status();
}

Result<std::unique_ptr<JobTable>> open_table(const std::string& path, const Clock& clock,
                                             Logger& log) {
  auto table = JobTable::open(path, clock);
  if (table.status().code() == Code::exhausted) {
    log.error("the disk of the queue is full: until the next start the queue is kept in memory",
              {{"file", path}, {"detail", table.status().to_string()}});
    return JobTable::open(std::string(Database::kInMemory), clock);
  }
  if (table.status().code() != Code::corrupt_input) return table;
  RETURN_IF_ERROR(set_aside(path, clock, log));
  return JobTable::open(path, clock);
}

}  // namespace

Result<std::unique_ptr<SqliteQueue>> SqliteQueue::open(const std::string& path, Clock& clock,
                                                       Logger& log) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (const std::error_code error = make_private_directories(parent))
    return status_from_errno(error.value(), "cannot make the queue's directory " + parent.string());
  ASSIGN_OR_RETURN(UniqueFd lock, lock_file(path + ".lock"));
  ASSIGN_OR_RETURN(std::unique_ptr<JobTable> table, open_table(path, clock, log));
  return std::unique_ptr<SqliteQueue>(
      new SqliteQueue(path, std::move(lock), std::move(table), clock, log));
}

SqliteQueue::SqliteQueue(std::string path, UniqueFd lock, std::unique_ptr<JobTable> table,
                         Clock& clock, Logger& log)
    : path_(std::move(path)),
      lock_(std::move(lock)),
      clock_(clock),
      log_(log),
      table_(std::move(table)) {
  writer_ = std::thread([this] { write_loop(); });
}

SqliteQueue::~SqliteQueue() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  work_.notify_all();
  wake_leasers();
  writer_.join();
}

Status SqliteQueue::execute(std::function<Status(JobTable&)> run, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  const auto operation = std::make_shared<Operation>();
  operation->run = std::move(run);
  std::unique_lock lock(mutex_);
  if (closing_) return Status(Code::cancelled, "the queue is being closed");
  operations_.push_back(operation);
  work_.notify_one();
  // Not given up at the deadline: it would be run all the same, and its caller not know.
  committed_.wait(lock, [&] { return operation->finished; });
  return operation->status;
}

void SqliteQueue::write_loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return closing_ || !operations_.empty(); });
    if (operations_.empty()) return;
    std::deque<std::shared_ptr<Operation>> group;
    while (!operations_.empty() && group.size() < kMostInGroup) {
      group.push_back(std::move(operations_.front()));
      operations_.pop_front();
    }
    lock.unlock();
    run_group(group);
    lock.lock();
    for (const auto& operation : group) operation->finished = true;
    committed_.notify_all();
  }
}

void SqliteQueue::run_group(std::deque<std::shared_ptr<Operation>>& group) {
  Status status = run_transaction(group);
  if (status.code() == Code::corrupt_input) {
    status = begin_anew();
    if (status.ok()) status = run_transaction(group);
  }
  if (status.ok()) return;
  for (const auto& operation : group) operation->status = status;
}

Status SqliteQueue::run_transaction(std::deque<std::shared_ptr<Operation>>& group) {
  Status status = table_->begin();
  for (auto at = group.begin(); status.ok() && at != group.end(); ++at) {
    (*at)->status = (*at)->run(*table_);
    if (is_file_failure((*at)->status.code())) status = (*at)->status;
  }
  if (status.ok()) status = table_->commit();
  if (!status.ok()) table_->roll_back();
  return status;
}

Status SqliteQueue::begin_anew() {
  RETURN_IF_ERROR(set_aside(path_, clock_, log_));
  ASSIGN_OR_RETURN(std::unique_ptr<JobTable> table, JobTable::open(path_, clock_));
  table_ = std::move(table);
  return Status();
}

void SqliteQueue::wake_leasers() {
  const std::lock_guard lock(mutex_);
  ++ready_count_;
  ready_.notify_all();
}

Result<bool> SqliteQueue::enqueue(std::string_view id, std::string_view caller,
                                  const OpContext& context) {
  bool changed = false;
  RETURN_IF_ERROR(execute(
      [&](JobTable& table) {
        auto enqueued = table.enqueue(std::string(id), caller);
        changed = enqueued.ok() && *enqueued;
        return enqueued.status();
      },
      context));
  if (changed) wake_leasers();
  return changed;
}

Result<std::vector<Lease>> SqliteQueue::lease(std::size_t most, std::chrono::milliseconds ttl,
                                              std::chrono::milliseconds wait,
                                              const OpContext& context) {
  const SteadyTime deadline = std::min(context.deadline, clock_.now() + wait);
  const std::stop_callback wake_on_stop(context.stop, [this] { wake_leasers(); });
  while (true) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = ready_count_;
    }
    std::vector<LeaseTicket> tickets;
    SteadyTime next_event = SteadyTime::max();
    const Status leased = execute(
        [&](JobTable& table) -> Status {
          ASSIGN_OR_RETURN(tickets, table.lease(most, ttl));
          if (!tickets.empty()) return Status();
          ASSIGN_OR_RETURN(next_event, table.next_event());
          return Status();
        },
        OpContext{});
    if (leased.code() == Code::cancelled) return std::vector<Lease>();
    RETURN_IF_ERROR(leased);
    std::vector<Lease> leases;
    leases.reserve(tickets.size());
    for (LeaseTicket& ticket : tickets) leases.emplace_back(std::move(ticket), *this);
    if (!leases.empty() || clock_.now() >= deadline || context.stop.stop_requested()) return leases;
    std::unique_lock lock(mutex_);
    clock_.wait_until(lock, ready_, std::min(deadline, next_event), [&] {
      return ready_count_ != seen || closing_ || context.stop.stop_requested();
    });
  }
}

Result<std::optional<QueuedJob>> SqliteQueue::find(std::string_view id, const OpContext& context) {
  std::optional<QueuedJob> job;
  RETURN_IF_ERROR(execute(
      [&](JobTable& table) -> Status {
        ASSIGN_OR_RETURN(job, table.find(std::string(id)));
        return Status();
      },
      context));
  return job;
}

Status SqliteQueue::forget(std::string_view id, const OpContext& context) {
  return execute([&](JobTable& table) { return table.forget(std::string(id)); }, context);
}

Result<QueueDepth> SqliteQueue::depth(const OpContext& context) {
  QueueDepth depth;
  RETURN_IF_ERROR(execute(
      [&](JobTable& table) -> Status {
        ASSIGN_OR_RETURN(depth, table.depth());
        return Status();
      },
      context));
  return depth;
}

Status SqliteQueue::check(const OpContext& context) { return depth(context).status(); }

Status SqliteQueue::extend(const LeaseTicket& ticket, std::chrono::milliseconds ttl,
                           const OpContext& context) {
  return execute([&](JobTable& table) { return table.extend(ticket, ttl); }, context);
}

Status SqliteQueue::ack(const LeaseTicket& ticket, const OpContext& context) {
  return execute([&](JobTable& table) { return table.ack(ticket); }, context);
}

Status SqliteQueue::retry(const LeaseTicket& ticket, std::chrono::milliseconds delay, Code why,
                          AttemptCost cost, const OpContext& context) {
  RETURN_IF_ERROR(
      execute([&](JobTable& table) { return table.retry(ticket, delay, why, cost); }, context));
  wake_leasers();
  return Status();
}

Status SqliteQueue::hand_back(const LeaseTicket& ticket, const OpContext& context) {
  RETURN_IF_ERROR(execute([&](JobTable& table) { return table.hand_back(ticket); }, context));
  wake_leasers();
  return Status();
}

Status SqliteQueue::bury(const LeaseTicket& ticket, Code why, const OpContext& context) {
  return execute([&](JobTable& table) { return table.bury(ticket, why); }, context);
}

}  // namespace thumbmill
