#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/backends.h"
#include "app/commands.h"
#include "app/part_options.h"
#include "app/setting_flags.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "service/janitor.h"

namespace thumbmill {

int cmd_sweep(int argc, char** argv) {
  CLI::App app(
      "Queues unfinished uploads that the queue does not have, and removes what is past its age, "
      "once. A running "
      "server does the same by itself.",
      "thumbmill sweep");
  const SettingFlags flags(app, {"Where", "S3", "Janitor", "Logs"});
  bool json = false;
  app.add_flag("--json", json, "For scripts");
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  SystemClock clock;
  Random random;
  FdLogger log(STDERR_FILENO, log_format(loaded->settings), loaded->settings.log_level, clock);
  PrometheusMetrics metrics;
  const Result<Backends> backends = open_backends(loaded->settings, clock, random, metrics, log);
  if (!backends.ok()) return fail(backends.status());
  Janitor janitor(janitor_options(loaded->settings),
                  {*backends->store, *backends->queue, metrics, log, clock});
  const Result<SweepReport> report = janitor.sweep({});
  if (!report.ok()) return fail(report.status());
  if (json) {
    fmt::print(
        "{{\"unfinished\":{},\"requeued\":{},\"unqueued\":{},\"completed\":{},\"expired\":{}}}\n",
        report->unfinished, report->requeued, report->unqueued, report->completed, report->expired);
  } else {
    fmt::print(
        "unfinished {}, queued again {}, not taken by the queue {}, completed {}, expired {}\n",
        report->unfinished, report->requeued, report->unqueued, report->completed, report->expired);
  }
  return EX_OK;
}

}  // namespace thumbmill
