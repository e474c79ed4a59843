#include "campaign.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "fakes/recording_metrics.h"
#include "reports.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kProgressEvery = 1000;
constexpr std::uint64_t kMostKept = 50;  // of those that took too long
constexpr std::uint64_t kMemoryBudget = 4ull << 30;

// One file in sixteen may be as large as a service allows; the others are kept small, so that a
// size that a file only claims costs no time that could go into more files.
ImageLimits limits_of(std::uint64_t number) {
  ImageLimits limits;
  if (number % 16 != 0) limits.max_pixels = 4'000'000;
  return limits;
}

// All fits, and all formats of renditions, of which AVIF takes by far the most time.
std::vector<RenditionSpec> renditions_of(std::uint64_t number) {
  using F = ImageFormat;
  const std::uint64_t choice = number / 7 % 32;  // apart from how limits and seeds are chosen
  if (choice == 0) return {{.width_px = 24, .height_px = 24, .format = F::avif}};
  if (choice < 8) return {{.width_px = 64, .height_px = 64}};
  if (choice < 13) return {{.width_px = 96, .height_px = 64, .fit = Fit::cover, .format = F::webp}};
  if (choice < 18) {
    return {{.width_px = 48,
             .height_px = 48,
             .fit = Fit::contain,
             .format = F::png,
             .background = Color{}}};
  }
  if (choice < 22) return {{.width_px = 200, .height_px = 0, .quality = 95, .enlarge = true}};
  if (choice < 26) return {{.width_px = 1, .height_px = 90, .fit = Fit::fill, .enlarge = true}};
  return {{.name = "a", .width_px = 512, .height_px = 512},
          {.name = "b", .width_px = 100, .height_px = 100, .fit = Fit::cover, .format = F::jpeg},
          {.name = "c", .width_px = 0, .height_px = 16, .format = F::png}};
}

bool may_end_with(Code code) {
  constexpr std::array kNamed{Code::ok,
                              Code::unsupported,
                              Code::too_large,
                              Code::corrupt_input,
                              Code::deadline_exceeded,
                              Code::decoder_crashed};
  return std::find(kNamed.begin(), kNamed.end(), code) != kNamed.end();
}

class Campaign {
 public:
  Campaign(const Mutator& mutator, const CampaignOptions& options, const Progress& progress)
      : mutator_(mutator),
        options_(options),
        progress_(progress),
        reports_directory_(options.keep + "/reports"),
        reports_(reports_directory_) {}

  Result<Tally> run();

 private:
  void work();
  void judge(std::uint64_t number, const MutatedFile& file, ImageFormat format,
             const Result<Thumbnails>& made);
  void record_finding(std::uint64_t number, const MutatedFile& file, ImageFormat format,
                      const Status& status);
  void keep(std::uint64_t number, const MutatedFile& file, ImageFormat format,
            const std::string& words) const;
  void collect_failures();

  const Mutator& mutator_;
  const CampaignOptions& options_;
  const Progress& progress_;
  const std::string reports_directory_;
  const SanitizerReports reports_;
  RecordingMetrics metrics_;
  DecoderLog log_;
  SystemClock clock_;
  std::unique_ptr<DecoderPool> pool_;

  std::mutex mutex_;
  std::uint64_t taken_ = 0;  // guarded by mutex_
  std::uint64_t done_ = 0;   // guarded by mutex_
  Tally tally_;              // guarded by mutex_
};

Result<Tally> Campaign::run() {
  std::error_code error;
  std::filesystem::create_directories(reports_directory_, error);
  if (error) return Status(Code::unavailable, "making " + reports_directory_, error.message());
  const auto zygote = [this](const std::string& program) {
    std::vector<std::string> command{options_.decoder, program};
    if (!options_.flaw.empty()) command.push_back(options_.flaw);
    return reports_.watched(command, ImageLimits().max_memory_bytes);
  };
  ASSIGN_OR_RETURN(pool_, DecoderPool::start({.command = zygote("own"),
                                              .single_command = zygote("codecs"),
                                              .processes = options_.processes,
                                              .memory_budget_bytes = kMemoryBudget},
                                             metrics_, log_, clock_));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < options_.processes; ++i) threads.emplace_back([this] { work(); });
  }
  pool_.reset();
  collect_failures();
  return tally_;
}

void Campaign::work() {
  while (true) {
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex_);
      if (taken_ == options_.count) return;
      number = options_.first + taken_++;
    }
    const MutatedFile file = mutator_.make(number);
    // As the service does: the sniffer decides whether a decoder sees the bytes at all.
    const auto format = sniff_image_format(file.bytes);
    if (format && image_format_info(*format).can_decode) {
      const ThumbnailRequest request{.source = Blob(file.bytes),
                                     .format = *format,
                                     .renditions = renditions_of(number),
                                     .limits = limits_of(number)};
      OpContext context;
      context.job_id = std::to_string(number);
      judge(number, file, *format, pool_->make(request, context));
    }
    const std::lock_guard lock(mutex_);
    if (!format) ++tally_.unrecognised;
    if (format && !image_format_info(*format).can_decode) ++tally_.not_decoded;
    if (++done_ % kProgressEvery == 0 && progress_) progress_(done_, tally_);
  }
}

void Campaign::judge(std::uint64_t number, const MutatedFile& file, ImageFormat format,
                     const Result<Thumbnails>& made) {
  const Status status = made.status();
  const std::lock_guard lock(mutex_);
  const std::uint64_t before = tally_.ends[format][status.code()]++;
  if (made.ok()) tally_.renditions += made->renditions.size();
  if (status.code() == Code::decoder_crashed) record_finding(number, file, format, status);
  if (status.code() == Code::deadline_exceeded && before < kMostKept) {
    keep(number, file, format, status.to_string() + "\n");
  }
  if (!may_end_with(status.code())) {
    tally_.failures.push_back(fmt::format("file {}: {}", number, status.to_string()));
    keep(number, file, format, status.to_string() + "\n");
  }
}

void Campaign::record_finding(std::uint64_t number, const MutatedFile& file, ImageFormat format,
                              const Status& status) {
  const std::string words = log_.take_last_words(std::to_string(number));
  const std::string report = reports_.take(process_of(words));
  const Finding finding{number, file.seed->name, format,
                        blame(report.empty() ? words : report, status.detail())};
  tally_.findings.push_back(finding);
  keep(number, file, format,
       fmt::format("{}\nmade from: {}\n{}: {} {}\nlast words:\n{}\nreport:\n{}", status.to_string(),
                   finding.seed, culprit_name(finding.blame.culprit), finding.blame.kind,
                   finding.blame.place, words, report));
}

void Campaign::keep(std::uint64_t number, const MutatedFile& file, ImageFormat format,
                    const std::string& words) const {
  const std::string path = fmt::format("{}/{}", options_.keep, number);
  std::ofstream(path + "." + std::string(image_format_info(format).extension), std::ios::binary)
      << file.bytes;
  std::ofstream(path + ".txt", std::ios::binary) << words;
}

void Campaign::collect_failures() {
  const std::lock_guard lock(mutex_);
  for (const char* reason :
       {"recycled", "failed", "single_use", "crashed", "timed_out", "protocol", "cancelled"}) {
    tally_.processes +=
        static_cast<std::uint64_t>(metrics_.value(metric::kDecoderRestarts, {reason}));
  }
  for (const std::string& line : log_.troubles()) tally_.failures.push_back("pool: " + line);
  for (const std::string& path : reports_.left()) {
    tally_.failures.push_back("a report of a process that no file was lost with: " + path);
  }
}

}  // namespace

std::uint64_t Tally::given() const {
  std::uint64_t count = 0;
  for (const auto& [format, codes] : ends) {
    for (const auto& [code, files] : codes) count += files;
  }
  return count;
}

std::uint64_t Tally::ended(Code code) const {
  std::uint64_t count = 0;
  for (const auto& [format, codes] : ends) {
    if (const auto files = codes.find(code); files != codes.end()) count += files->second;
  }
  return count;
}

bool Tally::good() const {
  const auto is_theirs = [](const Finding& finding) {
    return finding.blame.culprit == Culprit::third_party;
  };
  return failures.empty() && std::all_of(findings.begin(), findings.end(), is_theirs);
}

Result<Tally> run_campaign(const Mutator& mutator, const CampaignOptions& options,
                           const Progress& progress) {
  return Campaign(mutator, options, progress).run();
}

}  // namespace thumbmill
