// The autoscaler of `thumbmill plan` for tests/deploy/autoscaling, which applies what it decides to
// real workers.
//
// Usage: rehearse_scaler MANIFEST decide
//   reads lines of "now replicas ready backlog workers_desired" (seconds, once a second), and
//   answers each with the replicas from then on
// Usage: rehearse_scaler MANIFEST simulate SECONDS SERVICE POD_START SCRAPE
//   reads times of arrivals (seconds), and prints the replicas of each second of a simulation in
//   which a job takes SERVICE seconds of a pod
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "app/plan/manifest.h"
#include "app/plan/scaler.h"
#include "app/plan/simulation.h"

namespace thumbmill {
namespace {

constexpr const char* kWorkers = "thumbmill-worker";

int decide(Scaler& scaler) {
  HpaInput input;
  int ready = 0;
  double backlog = 0;
  double desired = 0;
  while (std::cin >> input.now >> input.spec_replicas >> ready >> backlog >> desired) {
    PodSample pod;
    pod.ready = true;
    input.pods.assign(static_cast<std::size_t>(ready), pod);
    input.external = {{kBacklogFigure, backlog}, {kWorkersDesiredFigure, desired}};
    std::cout << scaler.replicas(input) << std::endl;
  }
  return EXIT_SUCCESS;
}

int simulate_arrivals(Scaler& scaler, char** numbers) {
  Scenario scenario;
  scenario.arrivals.assign(std::istream_iterator<double>(std::cin), {});
  scenario.seconds = std::atof(numbers[0]);
  scenario.services.assign(scenario.arrivals.size(), std::atof(numbers[1]));
  scenario.pod_start_seconds = std::atof(numbers[2]);
  scenario.scrape_seconds = std::atof(numbers[3]);
  for (const Moment& moment : simulate(scenario, scaler).moments) {
    std::cout << moment.at << ' ' << moment.replicas << '\n';
  }
  return EXIT_SUCCESS;
}

int run(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[2] : "";
  if (!(what == "decide" && argc == 3) && !(what == "simulate" && argc == 7)) {
    std::cerr
        << "usage: rehearse_scaler MANIFEST decide | simulate SECONDS SERVICE POD_START SCRAPE\n";
    return EXIT_FAILURE;
  }
  std::ostringstream text;
  text << std::ifstream(argv[1]).rdbuf();
  const auto manifest = parse_scaler(text.str(), argv[1], kWorkers);
  if (!manifest.ok()) {
    std::cerr << "rehearse_scaler: " << manifest.status().to_string() << '\n';
    return EXIT_FAILURE;
  }
  const auto scaler = shipped_scaler(*manifest);
  return what == "decide" ? decide(*scaler) : simulate_arrivals(*scaler, argv + 3);
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) { return thumbmill::run(argc, argv); }
