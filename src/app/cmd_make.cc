#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sysexits.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/decoders.h"
#include "app/part_options.h"
#include "app/progress.h"
#include "app/setting_flags.h"
#include "metrics/prometheus/prometheus_metrics.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

struct MakeOptions {
  std::vector<std::string> paths;
  std::string out_dir;
  std::map<std::string, std::string> rendition;  // options of the rendition, by name
};

struct Task {
  std::string input;
  std::string output;  // complete, or a directory to name the file in
  bool into_directory = false;
};

Result<Blob> read_input(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return status_from_errno(errno, "cannot read " + path);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return status_from_errno(error.value(), "cannot read " + path);
  return Blob::from_file(std::move(file), 0, size);
}

Result<ImageFormat> sniff(const Blob& blob, const std::string& path, const FormatSet& formats) {
  std::string head(std::min<std::uint64_t>(blob.size(), kSniffBytes), '\0');
  RETURN_IF_ERROR(blob.read(0, head));
  const auto format = sniff_image_format(head);
  if (!format) {
    return Status(Code::unsupported, path + ": not an image of a known format");
  }
  if (const Status taken = formats.check(*format); !taken.ok()) {
    return Status(taken.code(), fmt::format("{}: {}", path, taken.message()));
  }
  return *format;
}

Status write_output(const std::string& path, const Blob& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  ASSIGN_OR_RETURN(const std::string text, bytes.to_string());
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return status_from_errno(errno, "cannot write " + path);
  return Status();
}

Status run_task(const Task& task, RenditionSpec spec, const Settings& settings,
                Thumbnailer& thumbnailer) {
  ThumbnailRequest request;
  ASSIGN_OR_RETURN(request.source, read_input(task.input));
  ASSIGN_OR_RETURN(request.format, sniff(request.source, task.input, settings.formats));
  if (!task.into_directory && !spec.format) {
    std::string extension = fs::path(task.output).extension().string();
    if (!extension.empty()) extension.erase(0, 1);
    RETURN_IF_ERROR(
        set_rendition_option("format", extension, spec).with_context("output " + task.output));
  }
  request.renditions = {spec};
  request.limits = image_limits(settings);
  Result<Thumbnails> made = thumbnailer.make(request, {});
  if (!made.ok()) return made.status().with_context(task.input);
  const MadeRendition& rendition = made->renditions.front();
  std::string path = task.output;
  if (task.into_directory) {
    path += fmt::format("/{}.{}", fs::path(task.input).stem().string(),
                        image_format_info(rendition.facts.format).extension);
  }
  return write_output(path, rendition.bytes);
}

Result<std::vector<Task>> plan_tasks(const MakeOptions& options) {
  std::vector<Task> tasks;
  if (options.out_dir.empty()) {
    if (options.paths.size() != 2) {
      return Status(Code::invalid_argument,
                    "give one input and one output, or --out-dir and any number of inputs");
    }
    tasks.push_back({options.paths[0], options.paths[1], false});
    return tasks;
  }
  std::error_code error;
  fs::create_directories(options.out_dir, error);
  if (error)
    return status_from_errno(error.value(), "cannot make the directory " + options.out_dir);
  std::map<std::string, std::string> stems;
  for (const std::string& path : options.paths) {
    const auto [first, fresh] = stems.emplace(fs::path(path).stem().string(), path);
    if (!fresh) {
      return Status(Code::invalid_argument, fmt::format("{} and {} would give the same file in {}",
                                                        first->second, path, options.out_dir));
    }
    tasks.push_back({path, options.out_dir, true});
  }
  return tasks;
}

// Works on all tasks, as many at once as there are decoders; returns how many failed.
std::size_t run_tasks(const std::vector<Task>& tasks, const RenditionSpec& spec,
                      const Settings& settings, DecoderPool& decoders, const Clock& clock) {
  std::atomic<std::size_t> next = 0, done = 0, failed = 0;
  ProgressBar progress(STDERR_FILENO, tasks.size() > 1 ? tasks.size() : 0, clock);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < std::min(worker_count(settings), tasks.size()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t mine = next++; mine < tasks.size(); mine = next++) {
        const Status status = run_task(tasks[mine], spec, settings, decoders);
        if (!status.ok()) {
          ++failed;
          fmt::print(stderr, "thumbmill: {}\n", status.message());
        }
        progress.update(++done, tasks[mine].input);
      }
    });
  }
  threads.clear();
  return failed;
}

}  // namespace

int cmd_make(int argc, char** argv) {
  CLI::App app(
      "Makes thumbnails of local files, without a server.\n"
      "  thumbmill make in.jpg out.webp --size 200x200\n"
      "  thumbmill make --out-dir thumbs --size 400 *.jpg",
      "thumbmill make");
  MakeOptions options;
  app.add_option("paths", options.paths, "Input and output; with --out-dir inputs only")
      ->required()
      ->type_name("FILE");
  app.add_option("--out-dir", options.out_dir, "Directory for the thumbnails, made when missing");
  const std::string formats =
      encodable_formats() + " (by the output's name; else jpeg, or png with transparency)";
  for (const auto& [name, help] : std::initializer_list<std::pair<const char*, const char*>>{
           {"size", "WIDTHxHEIGHT, WIDTHx, xHEIGHT or one number (200x200)"},
           {"fit", "inside, cover, contain, fill (inside)"},
           {"format", formats.c_str()},
           {"quality", "1 to 100 (80)"},
           {"background", "#rrggbb: flattens transparency, pads contain"},
           {"enlarge", "true, false: whether a small image is scaled up (false)"}}) {
    app.add_option_function<std::string>(
        std::string("--") + name,
        [&options, key = std::string(name)](const std::string& v) { options.rendition[key] = v; },
        help);
  }
  const SettingFlags flags(app, {"Limits", "Work", "Logs"});
  if (const auto exit_code = parse_arguments(app, argc, argv)) return *exit_code;
  const Result<LoadedSettings> loaded = flags.load();
  if (!loaded.ok()) return fail(loaded.status());
  RenditionSpec spec;
  for (const auto& [name, value] : options.rendition) {
    const Status set = set_rendition_option(name, value, spec);
    if (!set.ok()) return fail(set.with_context("--" + name));
  }
  if (const Status valid = validate(spec); !valid.ok()) return fail(valid);
  const Result<std::vector<Task>> tasks = plan_tasks(options);
  if (!tasks.ok()) return fail(tasks.status());

  SystemClock clock;
  FdLogger log(STDERR_FILENO, log_format(loaded->settings), LogLevel::error, clock);
  PrometheusMetrics metrics;
  Settings settings = loaded->settings;
  settings.workers = std::min(worker_count(settings), tasks->size());
  const Result<std::unique_ptr<DecoderPool>> decoders =
      start_decoders(settings, MemoryShortage::wait, metrics, log, clock);
  if (!decoders.ok()) return fail(decoders.status());
  return run_tasks(*tasks, spec, settings, **decoders, clock) == 0 ? EX_OK : EX_DATAERR;
}

}  // namespace thumbmill
