#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>

#include "app/commands.h"
#include "app/plan/manifest.h"
#include "app/plan/optimum.h"
#include "app/plan/report.h"
#include "app/plan/service_times.h"
#include "app/plan/trace.h"
#include "app/setting_flags.h"
#include "app/units.h"
#include "base/read_file.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostFileBytes = 256 << 20;  // measurements of days

struct PlanFlags {
  std::vector<std::string> manifests;
  std::vector<int> fixed;
  std::string target = "thumbmill-worker";
  std::string traffic = "burst";
  double rate = 4;
  double factor = 10;
  std::string burst_for = "5m";
  std::string duration = "30m";
  std::string service = "60ms";
  double spread = 0.5;
  std::string measured;
  std::string pod_start = "5s";
  std::string node_start = "0";
  std::string scrape = "15s";
  std::string drain_target = "60s";
  double price = 0;
  std::uint64_t seed = 1;
  std::string html;
  bool no_foresight = false;
  bool json = false;
};

// A duration flag's seconds into `seconds`.
Status read_seconds(const char* flag, const std::string& text, double& seconds) {
  const auto duration = parse_duration(text);
  if (!duration)
    return Status(Code::invalid_argument,
                  fmt::format("{} is \"{}\"; it takes a duration such as 30s", flag, text));
  seconds = std::chrono::duration<double>(*duration).count();
  return Status();
}

Result<Trace> read_trace(const PlanFlags& flags) {
  double seconds = 0;
  double burst = 0;
  RETURN_IF_ERROR(read_seconds("--duration", flags.duration, seconds));
  RETURN_IF_ERROR(read_seconds("--burst-for", flags.burst_for, burst));
  if (seconds <= 0) return Status(Code::invalid_argument, "--duration takes more than 0");
  if (flags.traffic == "steady") return steady_trace(flags.rate, seconds);
  if (flags.traffic == "burst") return burst_trace(flags.rate, flags.factor, burst, seconds);
  if (flags.traffic == "day") return day_trace(flags.rate, seconds);
  ASSIGN_OR_RETURN(const std::string text, read_file(flags.traffic, flags.traffic, kMostFileBytes));
  return csv_trace(text, flags.traffic);
}

// As measured, or else as the flags say.
Result<std::vector<double>> services_of(const PlanFlags& flags, std::size_t count, Random& random) {
  if (!flags.measured.empty()) {
    ASSIGN_OR_RETURN(const std::string page,
                     read_file(flags.measured, flags.measured, kMostFileBytes));
    return measured_services(count, page, flags.measured, random);
  }
  double mean = 0;
  RETURN_IF_ERROR(read_seconds("--service", flags.service, mean));
  if (mean <= 0) return Status(Code::invalid_argument, "--service takes more than 0");
  return lognormal_services(count, mean, flags.spread, random);
}

Status fill_scenario(const PlanFlags& flags, Scenario& scenario) {
  RETURN_IF_ERROR(read_seconds("--pod-start", flags.pod_start, scenario.pod_start_seconds));
  RETURN_IF_ERROR(read_seconds("--node-start", flags.node_start, scenario.node_start_seconds));
  RETURN_IF_ERROR(read_seconds("--scrape", flags.scrape, scenario.scrape_seconds));
  RETURN_IF_ERROR(
      read_seconds("--drain-target", flags.drain_target, scenario.drain_target_seconds));
  if (scenario.scrape_seconds <= 0 || scenario.drain_target_seconds <= 0)
    return Status(Code::invalid_argument, "--scrape and --drain-target take more than 0");
  ASSIGN_OR_RETURN(const Trace trace, read_trace(flags));
  Random random(flags.seed);
  scenario.arrivals = arrivals_of(trace, random);
  ASSIGN_OR_RETURN(scenario.services, services_of(flags, scenario.arrivals.size(), random));
  scenario.seconds = trace.seconds;
  scenario.peak_end_seconds = trace.peak_end_seconds;
  return Status();
}

struct Policy {
  std::string name;
  int least;
  std::unique_ptr<Scaler> scaler;
};

Result<std::vector<Policy>> read_policies(const PlanFlags& flags) {
  std::vector<Policy> policies;
  for (const std::string& path : flags.manifests) {
    ASSIGN_OR_RETURN(const std::string text, read_file(path, path, kMostFileBytes));
    ASSIGN_OR_RETURN(const ScalerManifest manifest, parse_scaler(text, path, flags.target));
    policies.push_back({path, manifest.hpa.min_replicas, shipped_scaler(manifest)});
  }
  for (const int replicas : flags.fixed)
    policies.push_back({fmt::format("fixed {}", replicas), 0, fixed_scaler(replicas)});
  if (policies.empty())
    return Status(Code::invalid_argument,
                  "there is nothing to simulate: name manifests, or --fixed replicas");
  return policies;
}

Result<PlanReport> run_plan(const PlanFlags& flags, Scenario& scenario) {
  ASSIGN_OR_RETURN(const std::vector<Policy> policies, read_policies(flags));
  RETURN_IF_ERROR(fill_scenario(flags, scenario));
  PlanReport report{
      fmt::format("{} traffic", flags.traffic), scenario.arrivals.size(), flags.price, {}};
  std::map<int, std::vector<Foreseen>> foreseen;
  for (const Policy& policy : policies) {
    PlanRow row{policy.name, simulate(scenario, *policy.scaler), 0};
    if (!flags.no_foresight) {
      auto [schedules, first] = foreseen.try_emplace(policy.least);
      if (first) schedules->second = foreseen_schedules(scenario, policy.least);
      row.foreseen_worker_seconds = fewest_worker_seconds(schedules->second, row.outcome.wait_p95);
    }
    report.rows.push_back(std::move(row));
  }
  return report;
}

void add_world_options(CLI::App& app, PlanFlags& flags, Scenario& scenario) {
  app.add_option("--service", flags.service, "What one job takes, on average")
      ->capture_default_str();
  app.add_option("--spread", flags.spread, "Of that: standard deviation by mean")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--measured", flags.measured,
                 "Takes what jobs take from here instead: the page /metrics of a worker")
      ->type_name("FILE")
      ->excludes("--service")
      ->excludes("--spread");
  app.add_option("--slots", scenario.slots, "Jobs a pod works on at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--pod-start", flags.pod_start, "Until a new pod works")->capture_default_str();
  app.add_option("--room", scenario.room, "Pods that fit on the nodes there are; 0: any number")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--node-start", flags.node_start, "More, for a pod beyond that room")
      ->capture_default_str();
  app.add_option("--cpu-share", scenario.cpu_share, "Cores that a job keeps busy")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--cpu-request", scenario.request_millis, "Of a pod, thousandths of a core")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--scrape", flags.scrape, "How old metrics get")->capture_default_str();
  app.add_option("--drain-target", flags.drain_target, "Setting of that name")
      ->capture_default_str();
  app.add_option("--patience", scenario.patience_seconds, "A job that waits more seconds is late")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
}

void add_traffic_options(CLI::App& app, PlanFlags& flags) {
  app.add_option("--traffic", flags.traffic,
                 "steady, burst, day, or a CSV file: seconds,uploads a second")
      ->capture_default_str();
  app.add_option("--rate", flags.rate, "Uploads a second; of a burst, outside of it")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--factor", flags.factor, "Of a burst")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--burst-for", flags.burst_for, "How long a burst is")->capture_default_str();
  app.add_option("--duration", flags.duration, "How long the trace is")->capture_default_str();
  app.add_option("--seed", flags.seed, "Of arrivals and service times")->capture_default_str();
}

}  // namespace

int cmd_plan(int argc, char** argv) {
  CLI::App app(
      "Simulates autoscalers on traffic: how long jobs wait, how long a backlog takes, and what "
      "the "
      "workers cost.",
      "thumbmill plan");
  PlanFlags flags;
  Scenario scenario;
  app.add_option("manifests", flags.manifests,
                 "HorizontalPodAutoscalers and KEDA ScaledObjects, YAML; each is simulated")
      ->type_name("FILE");
  app.add_option("--fixed", flags.fixed, "As many replicas throughout, to compare; may be repeated")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--target", flags.target, "Whose autoscaler to take of a file with several")
      ->capture_default_str();
  add_traffic_options(app, flags);
  add_world_options(app, flags, scenario);
  app.add_option("--price", flags.price, "Of one worker for an hour")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--html", flags.html, "Writes a page with plots here")->type_name("FILE");
  app.add_flag("--no-foresight", flags.no_foresight,
               "Does not look for the best schedule, which takes some seconds");
  app.add_flag("--json", flags.json, "For scripts");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;

  const Result<PlanReport> report = run_plan(flags, scenario);
  if (!report.ok()) return fail(report.status());
  if (!flags.html.empty()) {
    std::ofstream page(flags.html);
    page << plan_html(*report) << std::flush;
    if (!page) return fail(status_from_errno(errno, "cannot write " + flags.html));
  }
  std::fputs((flags.json ? plan_json(*report) : plan_text(*report)).c_str(), stdout);
  return EX_OK;
}

}  // namespace thumbmill
