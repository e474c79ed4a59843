// How long jobs take a worker: drawn from a distribution that is given, or from one that was
// measured.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "base/status.h"

namespace thumbmill {

/// Lognormal, of this mean in seconds and this coefficient of variation. `mean_seconds` is
/// positive.
std::vector<double> lognormal_services(std::size_t count, double mean_seconds, double spread,
                                       Random& random);

/// As workers measured them: `page` is what their /metrics gave (of several workers, one page after
/// the other), of which the histogram of decoding is taken, for fetching and storing overlap with
/// it. Within a bucket any time is as likely as another, and all are scaled to the mean that was
/// measured. invalid_argument, with `source`, when no job was decoded.
Result<std::vector<double>> measured_services(std::size_t count, const std::string& page,
                                              const std::string& source, Random& random);

}  // namespace thumbmill
