#include "app/load/report.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace thumbmill {
namespace {

double per_second(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

std::string row(std::string_view name, const Percentiles& p) {
  return fmt::format(
      "{:<12} p50 {:>8.1f}  p90 {:>8.1f}  p95 {:>8.1f}  p99 {:>8.1f}  p99.9 {:>8.1f}  max {:>8.1f} "
      "ms\n",
      name, p.p50 * 1e3, p.p90 * 1e3, p.p95 * 1e3, p.p99 * 1e3, p.p999 * 1e3, p.max * 1e3);
}

boost::json::object to_json(const Percentiles& p) {
  return {{"count", p.count}, {"mean", p.mean}, {"p50", p.p50},   {"p90", p.p90},
          {"p95", p.p95},     {"p99", p.p99},   {"p999", p.p999}, {"max", p.max}};
}

}  // namespace

std::string report_text(const LoadReport& report) {
  std::string text = fmt::format(
      "uploads      {} begun, {} accepted in {:.2f} s: {:.1f}/s, {:.1f} MB/s\n", report.uploads,
      report.accepted, report.seconds, per_second(report.accepted, report.seconds),
      per_second(report.bytes, report.seconds) / 1e6);
  if (report.waited) {
    text += fmt::format("thumbnails   {} done, {} failed, {} lost: {:.1f}/s\n", report.done,
                        report.failed, report.lost, per_second(report.done, report.seconds));
  }
  text += row("upload", report.upload);
  if (report.waited) text += row("end to end", report.end_to_end);
  if (report.retried > 0) text += fmt::format("tried again  {} times\n", report.retried);
  for (const auto& [what, count] : report.errors)
    text += fmt::format("not accepted {} x {}\n", count, what);
  return text;
}

std::string report_json(const LoadReport& report) {
  boost::json::object errors;
  for (const auto& [what, count] : report.errors) errors[what] = count;
  boost::json::object root{{"uploads", report.uploads}, {"accepted", report.accepted},
                           {"done", report.done},       {"failed", report.failed},
                           {"lost", report.lost},       {"retried", report.retried},
                           {"bytes", report.bytes},     {"seconds", report.seconds}};
  root["uploads_per_second"] = per_second(report.accepted, report.seconds);
  root["thumbs_per_second"] = per_second(report.done, report.seconds);
  root["upload_seconds"] = to_json(report.upload);
  if (report.waited) root["end_to_end_seconds"] = to_json(report.end_to_end);
  root["errors"] = std::move(errors);
  return boost::json::serialize(root) + "\n";
}

}  // namespace thumbmill
