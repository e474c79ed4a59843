#include "app/plan/report.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace thumbmill {
namespace {

constexpr double kSecondsAnHour = 3'600;
constexpr double kJobsOfPrice = 1'000;

double price_of_1000(const PlanReport& report, const PlanRow& row) {
  if (report.jobs == 0) return 0;
  return row.outcome.worker_seconds / kSecondsAnHour * report.price_per_hour /
         static_cast<double>(report.jobs) * kJobsOfPrice;
}

const std::vector<std::string>& titles() {
  static const std::vector<std::string> all{"policy",   "wait p50",   "p95",       "p99",
                                            "late %",   "drain s",    "most",      "turns",
                                            "worker s", "x foreseen", "$ per 1000"};
  return all;
}

std::vector<std::string> cells_of(const PlanReport& report, const PlanRow& row) {
  const Outcome& outcome = row.outcome;
  return {row.policy,
          fmt::format("{:.2f}", outcome.wait_p50),
          fmt::format("{:.2f}", outcome.wait_p95),
          fmt::format("{:.2f}", outcome.wait_p99),
          fmt::format("{:.1f}", outcome.late_share * 100),
          fmt::format("{:.0f}", outcome.drain_seconds),
          fmt::format("{}", outcome.most_replicas),
          fmt::format("{}", outcome.changes),
          fmt::format("{:.0f}", outcome.worker_seconds),
          row.foreseen_worker_seconds > 0
              ? fmt::format("{:.2f}", outcome.worker_seconds / row.foreseen_worker_seconds)
              : "-",
          report.price_per_hour > 0 ? fmt::format("{:.4f}", price_of_1000(report, row)) : "-"};
}

}  // namespace

std::string plan_text(const PlanReport& report) {
  std::vector<std::vector<std::string>> lines{titles()};
  for (const PlanRow& row : report.rows) lines.push_back(cells_of(report, row));
  std::vector<std::size_t> widths(titles().size(), 0);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text = fmt::format("{}: {} jobs\n\n", report.traffic, report.jobs);
  for (const auto& line : lines) {
    text += fmt::format("{:<{}}", line[0], widths[0]);
    for (std::size_t i = 1; i < line.size(); ++i)
      text += fmt::format("  {:>{}}", line[i], widths[i]);
    text += '\n';
  }
  return text;
}

std::string plan_json(const PlanReport& report) {
  boost::json::array policies;
  for (const PlanRow& row : report.rows) {
    const Outcome& outcome = row.outcome;
    boost::json::object policy{{"policy", row.policy},
                               {"wait_p50", outcome.wait_p50},
                               {"wait_p95", outcome.wait_p95},
                               {"wait_p99", outcome.wait_p99},
                               {"wait_max", outcome.wait_max},
                               {"late_share", outcome.late_share},
                               {"drain_seconds", outcome.drain_seconds},
                               {"most_replicas", outcome.most_replicas},
                               {"turns", outcome.changes},
                               {"worker_seconds", outcome.worker_seconds}};
    if (row.foreseen_worker_seconds > 0)
      policy["foreseen_worker_seconds"] = row.foreseen_worker_seconds;
    if (report.price_per_hour > 0) policy["price_per_1000"] = price_of_1000(report, row);
    policies.push_back(std::move(policy));
  }
  const boost::json::object all{
      {"traffic", report.traffic}, {"jobs", report.jobs}, {"policies", std::move(policies)}};
  return boost::json::serialize(all) + "\n";
}

namespace {

constexpr int kWidth = 900;
constexpr int kHeight = 220;
constexpr int kLeft = 60;
constexpr int kBottom = 30;
constexpr std::size_t kPoints = 450;
constexpr int kTicks = 4;
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73",
                                    "#cc79a7", "#e69f00", "#56b4e9"};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

const char* colour_of(std::size_t row) { return kColours[row % std::size(kColours)]; }

using Figure = double (*)(const Moment&);

// The highest of each stretch of moments, so that no peak is lost.
std::string line_of(const std::vector<Moment>& moments, Figure figure, double end, double top) {
  std::string points;
  const std::size_t stretch = std::max<std::size_t>(1, moments.size() / kPoints);
  for (std::size_t i = 0; i < moments.size(); i += stretch) {
    double most = 0;
    for (std::size_t j = i; j < std::min(i + stretch, moments.size()); ++j)
      most = std::max(most, figure(moments[j]));
    const double x = kLeft + moments[i].at / end * (kWidth - kLeft);
    const double y = (kHeight - kBottom) * (1 - most / top);
    points += fmt::format("{:.1f},{:.1f} ", x, y);
  }
  return points;
}

std::string axes(double end, double top) {
  std::string svg;
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double part = static_cast<double>(tick) / kTicks;
    const double y = (kHeight - kBottom) * (1 - part);
    const double x = kLeft + part * (kWidth - kLeft);
    svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="grid"/>)"
                       R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.4g}</text>)"
                       R"(<text x="{:.1f}" y="{}" text-anchor="{}">{:.0f} s</text>)",
                       kLeft, kWidth, y, y, kLeft - 6, y + 10, part * top, x, kHeight - 8,
                       tick == kTicks ? "end" : "start", part * end);
  }
  return svg;
}

std::string plot(const PlanReport& report, const char* title, Figure figure) {
  double top = 0;
  double end = 1;
  for (const PlanRow& row : report.rows) {
    for (const Moment& moment : row.outcome.moments) {
      top = std::max(top, figure(moment));
      end = std::max(end, moment.at);
    }
  }
  if (top == 0) top = 1;
  std::string svg =
      fmt::format(R"(<h2>{}</h2><svg viewBox="0 -12 {} {}" role="img" aria-label="{}">)", title,
                  kWidth, kHeight + 12, title);
  svg += axes(end, top);
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    svg += fmt::format(R"(<polyline fill="none" stroke="{}" stroke-width="1.5" points="{}"/>)",
                       colour_of(i), line_of(report.rows[i].outcome.moments, figure, end, top));
  }
  return svg + "</svg>\n";
}

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>thumbmill plan</title><style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .7rem; text-align: right; }
td:first-child, th:first-child { text-align: left; } tr + tr td { border-top: 1px solid #8884; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
.grid { stroke: #8884; } h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
</style></head><body>
)";

}  // namespace

std::string plan_html(const PlanReport& report) {
  std::string page = kHead;
  page += fmt::format("<h1>{}</h1>\n<table><tr>", escaped(report.traffic));
  for (const std::string& title : titles()) page += fmt::format("<th>{}</th>", title);
  page += "</tr>\n";
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    page += fmt::format(R"(<tr style="color:{}">)", colour_of(i));
    for (const std::string& cell : cells_of(report, report.rows[i]))
      page += fmt::format("<td>{}</td>", escaped(cell));
    page += "</tr>\n";
  }
  page += "</table>\n";
  page += plot(report, "Replicas asked for",
               [](const Moment& moment) { return static_cast<double>(moment.replicas); });
  page += plot(report, "Jobs waiting",
               [](const Moment& moment) { return static_cast<double>(moment.waiting); });
  page += plot(report, "Wait of the oldest, seconds",
               [](const Moment& moment) { return moment.oldest_wait; });
  return page + "</body></html>\n";
}

}  // namespace thumbmill
