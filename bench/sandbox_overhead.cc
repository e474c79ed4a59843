// Measures what the sandbox costs: the same photo through the kernels in this process and
// through DecoderPools, one call at a time, in turn within each round.
//
// Usage: sandbox_overhead --programs build/release/src --photo FILE... [--rounds 7] [--images 320]
// [--memory]
//
// Systems: the kernels of shared processes in_process, in unconfined and in pooled processes (32
// images each); all kernels in this process (codecs_in_process), and strict (a process for each
// image).
// Prints one JSON object a round and system: time an image by the clock, and CPU time of all
// processes together, which bears company on the machine better.
// The photo is a file that is only read, as the directory store hands it over; --memory has it as
// bytes, which have to be copied.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "decoder/kernels.h"
#include "decoder/own_kernels.h"
#include "metrics/prometheus/prometheus_metrics.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

struct Options {
  std::string programs;
  std::vector<std::string> photos;
  std::size_t rounds = 7;
  std::size_t images = 320;
  bool memory = false;
};

struct Rival {
  std::string_view name;
  std::unique_ptr<Thumbnailer> thumbnailer;
  std::vector<pid_t> zygotes = {};
};

// What one process serves before the next one comes.
constexpr std::uint64_t kImagesPerProcess = 32;
// Made by a system before it is another's turn: enough to work with caches of its own, as it does
// in service, and few, for a shared machine is fast and slow by turns of seconds.
constexpr std::uint64_t kImagesInTurn = 8;

struct Process {
  pid_t parent = 0;
  double cpu_ms = 0;  // its own, and that of the children it has buried
};

// By /proc/<pid>/stat (proc(5)): what it tells of time is in ticks, but exact but for that.
Process read_process(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  Process process;
  std::string skipped;
  fields >> skipped >> process.parent;
  for (int field = 5; field <= 13; ++field) fields >> skipped;
  double ticks = 0;
  for (int field = 14; field <= 17; ++field) {
    double some = 0;
    fields >> some;
    ticks += some;
  }
  process.cpu_ms = ticks * 1000 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return process;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    if (read_process(name).parent == parent) found.push_back(std::stoi(name));
  }
  return found;
}

double tree_cpu_ms(const std::vector<pid_t>& zygotes) {
  double sum = 0;
  for (const pid_t zygote : zygotes) {
    sum += read_process(std::to_string(zygote)).cpu_ms;
    for (const pid_t child : children_of(zygote)) sum += read_process(std::to_string(child)).cpu_ms;
  }
  return sum;
}

double own_cpu_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  Status prepare() {
    // Its decoders first: a fork of a process with libvips' threads is no fair start.
    for (const std::string_view name : {"unconfined", "pooled", "strict"}) {
      DecoderPoolOptions pool;
      pool.command = {options_.programs + "/thumbmill-decoder"};
      pool.single_command = {options_.programs + "/thumbmill-codecs"};
      pool.processes = 1;
      pool.images_per_process = kImagesPerProcess;
      pool.always_single = name == "strict";
      pool.confined = name != "unconfined";
      const std::vector<pid_t> others = children_of(::getpid());
      ASSIGN_OR_RETURN(auto started, DecoderPool::start(pool, metrics_, log_, clock_));
      rivals_.push_back({name, std::move(started)});
      for (const pid_t child : children_of(::getpid())) {
        if (std::ranges::find(others, child) == others.end()) {
          rivals_.back().zygotes.push_back(child);
        }
      }
    }
    rivals_.push_back({"in_process", make_own_kernels()});
    ASSIGN_OR_RETURN(auto kernels, make_kernels());
    rivals_.push_back({"codecs_in_process", std::move(kernels)});
    return Status();
  }

  Status measure(const std::string& photo) {
    ThumbnailRequest request;
    request.renditions = {RenditionSpec()};
    ASSIGN_OR_RETURN(request.source, read(photo));
    for (Rival& rival : rivals_) {
      for (int i = 0; i < 3; ++i) RETURN_IF_ERROR(rival.thumbnailer->make(request, {}).status());
    }
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      std::vector<std::vector<double>> times(rivals_.size());
      std::vector<double> cpu(rivals_.size());
      for (std::size_t i = 0; i < rivals_.size(); ++i) cpu[i] = -tree_cpu_ms(rivals_[i].zygotes);
      for (std::size_t done = 0; done < options_.images; done += kImagesInTurn) {
        // Forwards and backwards in turn: the one before may still be clearing up.
        for (std::size_t turn = 0; turn < rivals_.size(); ++turn) {
          const bool forwards = done / kImagesInTurn % 2 == 0;
          const std::size_t i = forwards ? turn : rivals_.size() - 1 - turn;
          cpu[i] -= own_cpu_ms();
          RETURN_IF_ERROR(make_some(*rivals_[i].thumbnailer, request, times[i]));
          cpu[i] += own_cpu_ms();
        }
      }
      for (std::size_t i = 0; i < rivals_.size(); ++i) {
        cpu[i] += tree_cpu_ms(rivals_[i].zygotes);
        print(photo, round, i, times[i], cpu[i] / static_cast<double>(times[i].size()));
      }
    }
    return Status();
  }

 private:
  Status make_some(Thumbnailer& thumbnailer, const ThumbnailRequest& request,
                   std::vector<double>& times) {
    for (std::uint64_t image = 0; image < kImagesInTurn; ++image) {
      const SteadyTime begin = clock_.now();
      RETURN_IF_ERROR(thumbnailer.make(request, {}).status());
      times.push_back(std::chrono::duration<double, std::milli>(clock_.now() - begin).count());
    }
    return Status();
  }

  Result<Blob> read(const std::string& photo) const {
    UniqueFd file(::open(photo.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) return status_from_errno(errno, "cannot read " + photo);
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    const Blob blob = Blob::from_file(std::move(file), 0, static_cast<std::uint64_t>(size));
    if (!options_.memory) return blob;
    ASSIGN_OR_RETURN(std::string bytes, blob.to_string());
    return Blob(std::move(bytes));
  }

  void print(const std::string& photo, std::size_t round, std::size_t rival,
             std::vector<double>& times, double cpu_ms) const {
    std::sort(times.begin(), times.end());
    const double mean =
        std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
    fmt::print(
        R"({{"bench":"sandbox","photo":"{}","system":"{}","round":{},"images":{},"median_ms":{:.3f},)"
        R"("mean_ms":{:.3f},"least_ms":{:.3f},"greatest_ms":{:.3f},"cpu_ms":{:.3f},"memory":{}}})"
        "\n",
        photo.substr(photo.rfind('/') + 1), rivals_[rival].name, round + 1, times.size(),
        times[times.size() / 2], mean, times.front(), times.back(), cpu_ms, options_.memory);
    std::fflush(stdout);
  }

  const Options& options_;
  PrometheusMetrics metrics_;
  SystemClock clock_;
  FdLogger log_{STDERR_FILENO, LogFormat::text, LogLevel::warning, clock_};
  std::vector<Rival> rivals_;
};

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Measures what the sandbox costs an image.", "sandbox_overhead");
  app.add_option("--programs", options.programs, "Where thumbmill-decoder and thumbmill-codecs are")
      ->required();
  app.add_option("--photo", options.photos, "JPEG files")->required();
  app.add_option("--rounds", options.rounds, "Of each photo")->capture_default_str();
  app.add_option("--images", options.images, "Of each system in a round, at least")
      ->capture_default_str();
  app.add_flag("--memory", options.memory, "The photo as bytes in memory");
  CLI11_PARSE(app, argc, argv);
  Bench bench(options);
  Status status = bench.prepare();
  for (const std::string& photo : options.photos) {
    if (status.ok()) status = bench.measure(photo);
  }
  if (status.ok()) return EXIT_SUCCESS;
  fmt::print(stderr, "sandbox_overhead: {}\n", status.to_string());
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) { return thumbmill::run(argc, argv); }
