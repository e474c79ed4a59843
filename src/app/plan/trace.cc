#include "app/plan/trace.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <sstream>

#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr double kBurstBegins = 0.2;
constexpr int kDayPieces = 96;
constexpr double kDaySwing = 0.8;

}  // namespace

Trace steady_trace(double per_second, double seconds) {
  return {{{0, per_second}}, seconds, seconds};
}

Trace burst_trace(double per_second, double factor, double burst_seconds, double seconds) {
  const double begins = seconds * kBurstBegins;
  const double ends = begins + burst_seconds;
  return {{{0, per_second}, {begins, per_second * factor}, {ends, per_second}}, seconds, ends};
}

Trace day_trace(double per_second, double seconds) {
  Trace trace{{}, seconds, seconds};
  for (int piece = 0; piece < kDayPieces; ++piece) {
    const double part = static_cast<double>(piece) / kDayPieces;
    const double swing = -std::cos(2 * std::numbers::pi * part);  // least at midnight
    trace.pieces.push_back({part * seconds, per_second * (1 + kDaySwing * swing)});
  }
  return trace;
}

Result<Trace> csv_trace(const std::string& text, const std::string& source) {
  Trace trace;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || (number == 1 && std::isdigit(static_cast<unsigned char>(line[0])) == 0))
      continue;
    RatePiece piece;
    const char* end = line.data() + line.size();
    const auto [comma, bad_time] = std::from_chars(line.data(), end, piece.from_seconds);
    const bool has_rate = bad_time == std::errc() && comma != end && *comma == ',' &&
                          std::from_chars(comma + 1, end, piece.per_second).ec == std::errc();
    const double before = trace.pieces.empty() ? -1 : trace.pieces.back().from_seconds;
    if (!has_rate || piece.per_second < 0 || piece.from_seconds <= before ||
        (trace.pieces.empty() && piece.from_seconds != 0)) {
      return Status(Code::invalid_argument,
                    fmt::format("{}:{}: \"{}\"; it takes seconds, ascending from 0, a comma and "
                                "uploads a second",
                                source, number, line));
    }
    trace.pieces.push_back(piece);
  }
  if (trace.pieces.size() < 2)
    return Status(Code::invalid_argument, source + ": a trace takes two lines at least");
  trace.seconds = trace.pieces.back().from_seconds;
  trace.pieces.pop_back();
  trace.peak_end_seconds = trace.seconds;
  return trace;
}

std::vector<double> arrivals_of(const Trace& trace, Random& random) {
  std::vector<double> arrivals;
  for (std::size_t i = 0; i < trace.pieces.size(); ++i) {
    const double end =
        i + 1 < trace.pieces.size() ? trace.pieces[i + 1].from_seconds : trace.seconds;
    double now = trace.pieces[i].from_seconds;
    while (trace.pieces[i].per_second > 0) {
      now -= std::log(1 - random.next_unit()) / trace.pieces[i].per_second;
      if (now >= end) break;
      arrivals.push_back(now);
    }
  }
  return arrivals;
}

}  // namespace thumbmill
