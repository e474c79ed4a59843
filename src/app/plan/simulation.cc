#include "app/plan/simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>

#include "service/workload.h"

namespace thumbmill {
namespace {

constexpr double kTick = 1;
// A run ends after so many times its length, whatever is left.
constexpr double kLongest = 10;
constexpr double kArrivalWindow = Workload::kArrivalWindow.count();

struct Pod {
  double made_at = 0;
  double ready_at = 0;
  bool ready = false;
  bool ending = false;
  int busy = 0;
  double busy_seconds = 0;  // of slots, until busy_since
  double busy_since = 0;
  double busy_at_scrape = 0;
  double scraped_at = -1;
  std::optional<std::int64_t> usage_millis;
};

// Earlier first, and at one moment in the order of their making.
struct Event {
  enum class Kind { pod_ready, job_end, scrape, tick };
  double at;
  std::uint64_t number;
  Kind kind;
  std::size_t pod;
  bool operator<(const Event& other) const {
    return at != other.at ? at > other.at : number > other.number;
  }
};

class Simulation {
 public:
  Simulation(const Scenario& scenario, Scaler& scaler)
      : scenario_(scenario), scaler_(scaler), replicas_(scaler.first()) {
    double total = 0;
    for (const double service : scenario.services) total += service;
    if (!scenario.services.empty())
      worker_seconds_ = total / static_cast<double>(scenario.services.size()) / scenario.slots;
  }

  Outcome run();

 private:
  void push(double at, Event::Kind kind, std::size_t pod = 0) {
    events_.push({at, pushed_++, kind, pod});
  }
  void handle(const Event& event);
  void start_jobs();
  void note_wait(double wait);
  void job_ends(Pod& pod);
  void count_busy(Pod& pod, int change);
  void scrape();
  void tick();
  void make_pod(bool at_once);
  void end_pods(int count);
  void end(std::size_t pod);
  HpaInput input() const;
  void finish();

  const Scenario& scenario_;
  Scaler& scaler_;
  double now_ = 0;
  std::priority_queue<Event> events_;
  std::uint64_t pushed_ = 0;
  std::vector<Pod> pods_;           // every one that there was
  std::vector<std::size_t> alive_;  // of those, in the order of their making
  std::size_t arrived_ = 0;
  std::deque<std::size_t> waiting_;
  int running_ = 0;
  int replicas_;
  int direction_ = 0;
  double worker_seconds_ = 0;  // of one job
  std::map<std::string, double> figures_;
  std::vector<double> waits_;
  Outcome outcome_;
};

Outcome Simulation::run() {
  for (int i = 0; i < replicas_; ++i) make_pod(true);
  push(0, Event::Kind::scrape);
  push(0, Event::Kind::tick);
  while (true) {
    const bool more = arrived_ < scenario_.arrivals.size();
    if (more && scenario_.arrivals[arrived_] <= events_.top().at) {
      now_ = scenario_.arrivals[arrived_];
      waiting_.push_back(arrived_++);
      start_jobs();
      continue;
    }
    const bool idle = !more && waiting_.empty() && running_ == 0;
    if (idle && events_.top().at >= scenario_.seconds) break;
    if (events_.top().at >= scenario_.seconds * kLongest) break;
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
  }
  now_ = std::max(now_, scenario_.seconds);
  finish();
  return std::move(outcome_);
}

void Simulation::handle(const Event& event) {
  switch (event.kind) {
    case Event::Kind::pod_ready:
      if (!pods_[event.pod].ending) {
        pods_[event.pod].ready = true;
        start_jobs();
      }
      break;
    case Event::Kind::job_end:
      job_ends(pods_[event.pod]);
      if (pods_[event.pod].ending && pods_[event.pod].busy == 0) end(event.pod);
      start_jobs();
      break;
    case Event::Kind::scrape:
      scrape();
      push(now_ + scenario_.scrape_seconds, Event::Kind::scrape);
      break;
    case Event::Kind::tick:
      tick();
      push(now_ + kTick, Event::Kind::tick);
      break;
  }
}

void Simulation::count_busy(Pod& pod, int change) {
  pod.busy_seconds += pod.busy * (now_ - pod.busy_since);
  pod.busy_since = now_;
  pod.busy += change;
  running_ += change;
}

void Simulation::job_ends(Pod& pod) { count_busy(pod, -1); }

void Simulation::start_jobs() {
  for (const std::size_t index : alive_) {
    Pod& pod = pods_[index];
    while (!waiting_.empty() && pod.ready && !pod.ending && pod.busy < scenario_.slots) {
      const std::size_t job = waiting_.front();
      waiting_.pop_front();
      note_wait(now_ - scenario_.arrivals[job]);
      count_busy(pod, 1);
      push(now_ + scenario_.services[job], Event::Kind::job_end, index);
    }
  }
}

void Simulation::note_wait(double wait) {
  waits_.push_back(wait);
  if (wait <= scenario_.patience_seconds) return;
  outcome_.late_share += 1;
  outcome_.drain_seconds = std::max(outcome_.drain_seconds, now_ - scenario_.peak_end_seconds);
}

void Simulation::scrape() {
  for (const std::size_t index : alive_) {
    Pod& pod = pods_[index];
    count_busy(pod, 0);
    if (pod.scraped_at >= pod.ready_at && pod.ready) {
      const double cores =
          (pod.busy_seconds - pod.busy_at_scrape) / (now_ - pod.scraped_at) * scenario_.cpu_share;
      pod.usage_millis = std::llround(cores * 1'000);
    }
    pod.busy_at_scrape = pod.busy_seconds;
    pod.scraped_at = now_;
  }
  const auto& arrivals = scenario_.arrivals;
  const auto known = arrivals.begin() + static_cast<std::ptrdiff_t>(arrived_);
  const double window = std::clamp(now_, kTick, kArrivalWindow);
  const auto recent = known - std::lower_bound(arrivals.begin(), known, now_ - window);
  const double backlog = static_cast<double>(waiting_.size()) + running_;
  figures_[kBacklogFigure] = backlog;
  figures_[kWorkersDesiredFigure] =
      Workload::workers_for(static_cast<double>(recent) / window, backlog, worker_seconds_,
                            scenario_.drain_target_seconds);
}

HpaInput Simulation::input() const {
  HpaInput input{now_, replicas_, {}, scenario_.request_millis, figures_};
  for (const std::size_t index : alive_) {
    const Pod& pod = pods_[index];
    input.pods.push_back({.ending = pod.ending,
                          .pending = false,
                          .ready = pod.ready,
                          .started_at = pod.made_at,
                          .ready_changed_at = pod.ready ? pod.ready_at : pod.made_at,
                          .usage_millis = pod.usage_millis,
                          .measured_at = pod.scraped_at,
                          .window_seconds = scenario_.scrape_seconds});
  }
  return input;
}

void Simulation::tick() {
  const int before = replicas_;
  replicas_ = scaler_.replicas(input());
  if (replicas_ != before) {
    const int direction = replicas_ > before ? 1 : -1;
    if (direction_ != 0 && direction != direction_) ++outcome_.changes;
    direction_ = direction;
  }
  const int staying = static_cast<int>(std::count_if(
      alive_.begin(), alive_.end(), [this](std::size_t pod) { return !pods_[pod].ending; }));
  for (int i = staying; i < replicas_; ++i) make_pod(false);
  if (staying > replicas_) end_pods(staying - replicas_);
  outcome_.most_replicas = std::max(outcome_.most_replicas, replicas_);
  const int ready =
      static_cast<int>(std::count_if(alive_.begin(), alive_.end(), [this](std::size_t pod) {
        return pods_[pod].ready && !pods_[pod].ending;
      }));
  const double oldest = waiting_.empty() ? 0 : now_ - scenario_.arrivals[waiting_.front()];
  outcome_.moments.push_back({now_, replicas_, ready, waiting_.size(), oldest});
}

void Simulation::make_pod(bool at_once) {
  Pod pod;
  pod.made_at = now_;
  pod.busy_since = now_;
  const bool needs_node =
      scenario_.room > 0 && alive_.size() >= static_cast<std::size_t>(scenario_.room);
  pod.ready_at = at_once ? now_
                         : now_ + scenario_.pod_start_seconds +
                               (needs_node ? scenario_.node_start_seconds : 0);
  pods_.push_back(pod);
  alive_.push_back(pods_.size() - 1);
  push(pod.ready_at, Event::Kind::pod_ready, pods_.size() - 1);
}

// Those that are not ready first, then those that are so for the shortest time, as a ReplicaSet
// does. A pod with jobs ends with the last of them.
void Simulation::end_pods(int count) {
  std::vector<std::size_t> order;
  for (const std::size_t index : alive_) {
    if (!pods_[index].ending) order.push_back(index);
  }
  std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
    if (pods_[a].ready != pods_[b].ready) return !pods_[a].ready;
    return pods_[a].ready_at > pods_[b].ready_at;
  });
  for (int i = 0; i < count; ++i) {
    Pod& pod = pods_[order[static_cast<std::size_t>(i)]];
    pod.ending = true;
    if (pod.busy == 0) end(order[static_cast<std::size_t>(i)]);
  }
}

void Simulation::end(std::size_t pod) {
  outcome_.worker_seconds += now_ - pods_[pod].made_at;
  std::erase(alive_, pod);
}

void Simulation::finish() {
  for (const std::size_t pod : alive_) outcome_.worker_seconds += now_ - pods_[pod].made_at;
  for (const std::size_t job : waiting_) note_wait(now_ - scenario_.arrivals[job]);
  if (waits_.empty()) return;
  std::sort(waits_.begin(), waits_.end());
  const auto rank = [this](double part) {
    const auto count = static_cast<double>(waits_.size());
    return waits_[static_cast<std::size_t>(std::max(0.0, std::ceil(part * count) - 1))];
  };
  outcome_.wait_p50 = rank(0.50);
  outcome_.wait_p95 = rank(0.95);
  outcome_.wait_p99 = rank(0.99);
  outcome_.wait_max = waits_.back();
  outcome_.late_share /= static_cast<double>(waits_.size());
}

}  // namespace

Outcome simulate(const Scenario& scenario, Scaler& scaler) {
  return Simulation(scenario, scaler).run();
}

}  // namespace thumbmill
