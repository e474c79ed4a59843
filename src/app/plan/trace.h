// Traffic: how many uploads a second come when, and the moments at which they do.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "base/status.h"

namespace thumbmill {

/// A rate that holds from `from_seconds` until the next piece, or the end.
struct RatePiece {
  double from_seconds = 0;
  double per_second = 0;
};

struct Trace {
  std::vector<RatePiece> pieces;  ///< ascending, from 0 on
  double seconds = 0;             ///< how long it is
  double peak_end_seconds = 0;    ///< when what has heaped up can begin to go down
};

/// The same rate throughout.
Trace steady_trace(double per_second, double seconds);
/// `factor` times the rate for `burst_seconds`, after a fifth of the time.
Trace burst_trace(double per_second, double factor, double burst_seconds, double seconds);
/// One day's curve, pressed into `seconds`: `per_second` on average, a fifth of it at night, 1.8
/// times at its peak.
Trace day_trace(double per_second, double seconds);
/// Lines of "seconds,uploads a second", ascending from 0; a first line of words is ignored. The
/// last line says when it ends. invalid_argument, with `source` and the line's number.
Result<Trace> csv_trace(const std::string& text, const std::string& source);

/// Moments of a Poisson process with the trace's rates, ascending.
std::vector<double> arrivals_of(const Trace& trace, Random& random);

}  // namespace thumbmill
