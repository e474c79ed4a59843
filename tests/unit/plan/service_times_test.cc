#include "app/plan/service_times.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

double mean(const std::vector<double>& of) {
  return std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size());
}

double share_below(const std::vector<double>& of, double bound) {
  const auto below = std::count_if(of.begin(), of.end(), [&](double one) { return one < bound; });
  return static_cast<double>(below) / static_cast<double>(of.size());
}

// Nine in ten within a tenth of a second, one in ten up to a second.
constexpr const char* kPage = R"(# TYPE thumbmill_job_duration_seconds histogram
thumbmill_job_duration_seconds_count{stage="decode"} 100
thumbmill_job_duration_seconds_sum{stage="decode"} 10
thumbmill_job_duration_seconds_bucket{stage="decode",le="0.1"} 90
thumbmill_job_duration_seconds_bucket{stage="decode",le="1"} 100
thumbmill_job_duration_seconds_bucket{stage="decode",le="+Inf"} 100
thumbmill_job_duration_seconds_count{stage="queue"} 100
thumbmill_job_duration_seconds_sum{stage="queue"} 9000
thumbmill_job_duration_seconds_bucket{stage="queue",le="+Inf"} 100
)";

TEST(ServiceTimes, LognormalOnesHaveTheMeanAndSpreadThatWereAskedFor) {
  Random random(1);
  const std::vector<double> services = lognormal_services(20'000, 0.25, 0.5, random);
  EXPECT_NEAR(mean(services), 0.25, 0.005);
  double squares = 0;
  for (const double one : services) squares += (one - 0.25) * (one - 0.25);
  EXPECT_NEAR(std::sqrt(squares / 20'000), 0.125, 0.01);
}

TEST(ServiceTimes, MeasuredOnesHaveTheMeasuredMeanAndShares) {
  Random random(1);
  const auto services = measured_services(20'000, kPage, "page", random);
  ASSERT_TRUE(services.ok()) << services.status().to_string();
  EXPECT_NEAR(mean(*services), 0.1, 1e-9);
  // Unscaled, the mean would be 0.1.
  EXPECT_NEAR(share_below(*services, 0.1), 0.9, 0.01);
  EXPECT_NEAR(share_below(*services, 0.05), 0.45, 0.01);
  EXPECT_LT(*std::max_element(services->begin(), services->end()), 1.05);
}

TEST(ServiceTimes, PagesOfSeveralWorkersAddUp) {
  Random random(1);
  std::string second(kPage);
  const std::string sum = "_sum{stage=\"decode\"} 10";
  second.replace(second.find(sum), sum.size(), "_sum{stage=\"decode\"} 30");
  const auto services = measured_services(1'000, kPage + second, "pages", random);
  ASSERT_TRUE(services.ok());
  EXPECT_NEAR(mean(*services), 0.2, 1e-9);
}

TEST(ServiceTimes, BeyondTheLastBoundIsAtIt) {
  Random random(1);
  const auto services =
      measured_services(10,
                        "thumbmill_job_duration_seconds_bucket{stage=\"decode\",le=\"5\"} 0\n"
                        "thumbmill_job_duration_seconds_bucket{stage=\"decode\",le=\"+Inf\"} 2\n"
                        "thumbmill_job_duration_seconds_sum{stage=\"decode\"} 20\n"
                        "thumbmill_job_duration_seconds_count{stage=\"decode\"} 2\n",
                        "page", random);
  ASSERT_TRUE(services.ok());
  EXPECT_THAT(*services, ::testing::Each(::testing::DoubleEq(10)));
}

TEST(ServiceTimes, APageWithoutDecodedJobsIsRefusedByName) {
  Random random(1);
  for (const char* page :
       {"", "no metrics at all", "thumbmill_job_duration_seconds_count{stage=\"decode\"} 0\n"}) {
    const auto services = measured_services(1, page, "page.txt", random);
    ASSERT_FALSE(services.ok());
    EXPECT_EQ(services.status().code(), Code::invalid_argument);
    EXPECT_THAT(services.status().message(), HasSubstr("page.txt: has no decoded job"));
  }
}

}  // namespace
}  // namespace thumbmill
