#include "app/plan/service_times.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <string_view>

namespace thumbmill {
namespace {

constexpr std::string_view kHistogram = "thumbmill_job_duration_seconds";
constexpr std::string_view kStage = "stage=\"decode\"";
constexpr std::string_view kBound = "le=\"";

// Of all pages together: jobs up to each bound, seconds and jobs in all.
struct Histogram {
  std::map<double, double> jobs_up_to;
  double seconds = 0;
  double jobs = 0;
};

std::optional<double> number_in(std::string_view text) {
  if (text.starts_with("+Inf")) return std::numeric_limits<double>::infinity();
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

// One line of the text format of Prometheus; lines of other series change nothing.
void read_line(std::string_view line, Histogram& histogram) {
  const std::size_t labels_end = line.find("} ");
  if (!line.starts_with(kHistogram) || labels_end == std::string_view::npos) return;
  const std::string_view name = line.substr(0, labels_end);
  const std::optional<double> value = number_in(line.substr(labels_end + 2));
  if (name.find(kStage) == std::string_view::npos || !value) return;
  const std::string_view part = name.substr(kHistogram.size());
  if (part.starts_with("_sum{")) histogram.seconds += *value;
  if (part.starts_with("_count{")) histogram.jobs += *value;
  const std::size_t bound_at = part.find(kBound);
  if (!part.starts_with("_bucket{") || bound_at == std::string_view::npos) return;
  if (const auto bound = number_in(part.substr(bound_at + kBound.size())))
    histogram.jobs_up_to[*bound] += *value;
}

// What lies beyond the last bound is taken to lie at it.
double draw(const Histogram& histogram, Random& random) {
  const double rank = random.next_unit() * histogram.jobs;
  double lower = 0;
  double before = 0;
  for (const auto& [bound, jobs] : histogram.jobs_up_to) {
    if (std::isinf(bound)) break;
    if (rank < jobs) return lower + (bound - lower) * (rank - before) / (jobs - before);
    lower = bound;
    before = jobs;
  }
  return lower;
}

}  // namespace

std::vector<double> lognormal_services(std::size_t count, double mean_seconds, double spread,
                                       Random& random) {
  const double variance = std::log(1 + spread * spread);
  const double location = std::log(mean_seconds) - variance / 2;
  std::vector<double> services;
  services.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - random.next_unit()));
    const double normal = radius * std::cos(2 * M_PI * random.next_unit());
    services.push_back(std::exp(location + std::sqrt(variance) * normal));
  }
  return services;
}

Result<std::vector<double>> measured_services(std::size_t count, const std::string& page,
                                              const std::string& source, Random& random) {
  Histogram histogram;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) read_line(line, histogram);
  if (histogram.jobs <= 0 || histogram.seconds <= 0)
    return Status(Code::invalid_argument,
                  source +
                      ": has no decoded job in thumbmill_job_duration_seconds; it takes the "
                      "page /metrics of workers that have done some");
  std::vector<double> services;
  services.reserve(count);
  for (std::size_t i = 0; i < count; ++i) services.push_back(draw(histogram, random));
  const double drawn = std::accumulate(services.begin(), services.end(), 0.0);
  const double scale =
      drawn > 0 ? histogram.seconds / histogram.jobs * static_cast<double>(count) / drawn : 1;
  for (double& service : services) service *= scale;
  return services;
}

}  // namespace thumbmill
