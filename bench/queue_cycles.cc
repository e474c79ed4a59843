// Measures job cycles (enqueue, lease, ack) through the JobQueue port: one thread and many, on an
// empty queue and behind a backlog.
//
// Usage: queue_cycles --queue sqlite:FILE [--backlog 1000000] [--seconds 5] [--threads 32] [--drain
// 0] [--prefetch 1]
//
// With --drain, it puts in the backlog and so many jobs more, and then measures taking so many out
// (lease, ack), by --threads alone, each of which leases --prefetch jobs at a time and acks them
// one by one. Prints one JSON object a line. The backlog stays in the queue.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/backends.h"
#include "base/ids.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

// Filling is not what is measured, but a million jobs take a while.
constexpr std::uint64_t kFillThreads = 32;

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

class Bench {
 public:
  Bench(JobQueue& queue, const Clock& clock, Random& random)
      : queue_(queue), clock_(clock), random_(random) {}

  // Each thread has its own job on the way; behind a backlog they lease the oldest jobs instead.
  void cycles(std::uint64_t threads, std::uint64_t seconds, std::uint64_t backlog) {
    const SteadyTime begin = clock_.now();
    const SteadyTime end = begin + std::chrono::seconds(seconds);
    std::atomic<std::uint64_t> done = 0;
    on_threads(threads, [&] {
      while (clock_.now() < end) {
        if (!enqueue()) return;
        auto leases = queue_.lease(1, std::chrono::seconds(30), milliseconds(1000), {});
        if (!check(leases.status())) return;
        for (Lease& lease : *leases) {
          if (!check(lease.ack({}))) return;
          ++done;
        }
      }
    });
    const double elapsed = std::chrono::duration<double>(clock_.now() - begin).count();
    fmt::print(
        R"({{"threads":{},"backlog":{},"cycles":{},"cycles_per_second":{:.0f},"rss_bytes":{}}})"
        "\n",
        threads, backlog, done.load(), static_cast<double>(done) / elapsed, resident_bytes());
    std::fflush(stdout);
  }

  // Takes the oldest jobs; there are at least as many.
  void drain(std::uint64_t count, std::uint64_t threads, std::uint64_t prefetch,
             std::uint64_t backlog) {
    const SteadyTime begin = clock_.now();
    std::atomic<std::uint64_t> next = 0;
    on_threads(threads, [&] {
      for (std::uint64_t first; (first = next.fetch_add(prefetch)) < count;) {
        if (!take_out(std::min(prefetch, count - first))) return;
      }
    });
    const double elapsed = std::chrono::duration<double>(clock_.now() - begin).count();
    fmt::print(
        R"({{"threads":{},"backlog":{},"drained":{},"drained_per_second":{:.0f},"rss_bytes":{}}})"
        "\n",
        threads, backlog, count, static_cast<double>(count) / elapsed, resident_bytes());
    std::fflush(stdout);
  }

  void fill(std::uint64_t count, std::uint64_t threads) {
    const SteadyTime begin = clock_.now();
    std::atomic<std::uint64_t> next = 0;
    on_threads(threads, [&] {
      while (next++ < count && enqueue()) continue;
    });
    const double elapsed = std::chrono::duration<double>(clock_.now() - begin).count();
    fmt::print(R"({{"threads":{},"enqueued":{},"enqueued_per_second":{:.0f},"rss_bytes":{}}})"
               "\n",
               threads, count, static_cast<double>(count) / elapsed, resident_bytes());
    std::fflush(stdout);
  }

  bool failed() const { return failed_; }

 private:
  template <typename Work>
  void on_threads(std::uint64_t count, const Work& work) {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < count; ++i) threads.emplace_back(work);
  }

  bool take_out(std::uint64_t count) {
    while (count > 0) {
      auto leases = queue_.lease(count, std::chrono::seconds(30), milliseconds(1000), {});
      if (!check(leases.status())) return false;
      if (leases->empty()) return check(Status(Code::not_found, "the queue is empty too early"));
      for (Lease& lease : *leases) {
        if (!check(lease.ack({}))) return false;
      }
      count -= leases->size();
    }
    return true;
  }

  bool enqueue() { return check(queue_.enqueue(new_uuid7(clock_).text(), {}).status()); }

  bool check(const Status& status) {
    if (status.ok()) return true;
    if (!failed_.exchange(true)) fmt::print(stderr, "queue_cycles: {}\n", status.to_string());
    return false;
  }

  JobQueue& queue_;
  const Clock& clock_;
  Random& random_;
  std::atomic<bool> failed_ = false;
};

int run(int argc, char** argv) {
  Settings settings;
  std::uint64_t backlog = 1'000'000;
  std::uint64_t seconds = 5;
  std::uint64_t threads = 32;
  std::uint64_t drain = 0;
  std::uint64_t prefetch = 1;
  CLI::App app("Measures job cycles (enqueue, lease, ack) on an empty queue and behind a backlog.",
               "queue_cycles");
  app.add_option("--queue", settings.queue, "As for thumbmill; new and empty")->required();
  app.add_option("--backlog", backlog, "Jobs that wait in the second half")->capture_default_str();
  app.add_option("--seconds", seconds, "Of each measurement")->capture_default_str();
  app.add_option("--threads", threads, "Where many work at once")->capture_default_str();
  app.add_option("--drain", drain, "Only take out so many jobs that were put in before")
      ->capture_default_str();
  app.add_option("--prefetch", prefetch, "Jobs that a thread leases at once, with --drain")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  SystemClock clock;
  Random random;
  FdLogger log(STDERR_FILENO, LogFormat::text, LogLevel::warning, clock);
  const auto queue = open_queue(settings, clock, random, log);
  if (!queue.ok()) {
    fmt::print(stderr, "queue_cycles: {}\n", queue.status().to_string());
    return EXIT_FAILURE;
  }
  Bench bench(**queue, clock, random);
  if (drain > 0) {
    bench.fill(backlog + drain, kFillThreads);
    if (!bench.failed()) bench.drain(drain, threads, prefetch, backlog);
    return bench.failed() ? EXIT_FAILURE : EXIT_SUCCESS;
  }
  bench.cycles(1, seconds, 0);
  bench.cycles(threads, seconds, 0);
  bench.fill(backlog, threads);
  bench.cycles(1, seconds, backlog);
  bench.cycles(threads, seconds, backlog);
  return bench.failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) { return thumbmill::run(argc, argv); }
