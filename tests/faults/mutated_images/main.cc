// mutated_images: damages image files in every way it knows, a hundred thousand times, and has
// decoders make thumbnails of them. Each has to end in a thumbnail or in a named error. A decoder
// that dies is a finding: kept, with its report, and laid at our door or at a library's. Exits 1
// when anything of ours was found, or the pool failed. docs/sandbox.md has how to run it.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "campaign.h"
#include "reference/vips_thumbnailer.h"
#include "sandbox/seccomp_filter.h"

namespace thumbmill {
namespace {

struct Options {
  CampaignOptions campaign{.decoder = MUTATED_IMAGES_DECODER};
  std::uint64_t seed = 1;
  std::size_t most_bytes = 48 * 1024;
};

constexpr std::array kCodes{Code::ok,        Code::corrupt_input,     Code::unsupported,
                            Code::too_large, Code::deadline_exceeded, Code::decoder_crashed};

std::string row(std::string_view name, const std::map<Code, std::uint64_t>& codes) {
  std::uint64_t all = 0;
  std::string cells;
  for (const auto& [code, count] : codes) all += count;
  for (const Code code : kCodes) {
    cells += fmt::format("{:>19}", codes.contains(code) ? codes.at(code) : 0);
  }
  return fmt::format("{:<10}{:>8}{}\n", name, all, cells);
}

void print_table(const Tally& tally) {
  std::string header = fmt::format("{:<10}{:>8}", "format", "files");
  for (const Code code : kCodes) header += fmt::format("{:>19}", code_name(code));
  fmt::print("\n{}\n", header);
  std::map<Code, std::uint64_t> sums;
  for (const auto& [format, codes] : tally.ends) {
    fmt::print("{}", row(image_format_info(format).name, codes));
    for (const auto& [code, count] : codes) sums[code] += count;
  }
  fmt::print("{}", row("all", sums));
  fmt::print("no decoder was given: {} of no known format, {} of a format that is not decoded\n",
             tally.unrecognised, tally.not_decoded);
}

void print_findings(const Tally& tally, const std::string& keep) {
  std::map<std::tuple<std::string_view, std::string, std::string, std::string_view>,
           std::vector<std::uint64_t>>
      groups;
  for (const Finding& finding : tally.findings) {
    groups[{culprit_name(finding.blame.culprit), finding.blame.kind, finding.blame.place,
            image_format_info(finding.format).name}]
        .push_back(finding.number);
  }
  for (const auto& [group, numbers] : groups) {
    const auto& [culprit, kind, place, format] = group;
    fmt::print("FINDING {} x {}: {} in {} ({}), first {}/{}.*\n", numbers.size(), culprit, kind,
               place.empty() ? "an unknown place" : place, format, keep, numbers.front());
  }
  for (const std::string& failure : tally.failures) fmt::print("FAILED {}\n", failure);
}

void print_seeds(const std::vector<Seed>& seeds, std::size_t of_corpus) {
  std::map<std::string_view, int> formats;
  for (const Seed& seed : seeds) ++formats[image_format_info(seed.format).name];
  fmt::print("seeds: {}, {} of the corpus and {} made:", seeds.size(), of_corpus,
             seeds.size() - of_corpus);
  for (const auto& [name, count] : formats) fmt::print(" {} {}", count, name);
  fmt::print("\n");
  std::fflush(stdout);
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--count", options.campaign.count, "Files")->capture_default_str();
  app.add_option("--first", options.campaign.first, "Number of the first: to see one again")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the run: other files")->capture_default_str();
  app.add_option("--processes", options.campaign.processes, "Decoders at work at once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--keep", options.campaign.keep, "Directory for findings; none: a temporary one");
  app.add_option("--most-bytes", options.most_bytes, "Of a file of the corpus")
      ->capture_default_str();
  app.add_option("--flaw", options.campaign.flaw,
                 "Give the decoders a flaw, to see it found: overflow, undefined, library, "
                 "invariant, internal");
}

Result<Tally> run_on(const std::vector<Seed>& seeds, const Options& options) {
  using std::chrono::steady_clock;
  const auto begin = steady_clock::now();
  const Mutator mutator(seeds, options.seed);
  const auto seconds = [&] {
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
  };
  auto tally =
      run_campaign(mutator, options.campaign, [&](std::uint64_t done, const Tally& so_far) {
        fmt::print("{} of {} files, {:.0f} s, {} findings, {} failures\n", done,
                   options.campaign.count, seconds(), so_far.findings.size(),
                   so_far.failures.size());
        std::fflush(stdout);
      });
  if (!tally.ok()) return tally;
  print_table(*tally);
  fmt::print(
      "{} renditions; {} decoder processes replaced; {:.0f} s, {:.1f} files/s with {} at once\n",
      tally->renditions, tally->processes, seconds(),
      static_cast<double>(options.campaign.count) / seconds(), options.campaign.processes);
  return tally;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Has decoders make thumbnails of damaged images.", "mutated_images");
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  const bool temporary = options.campaign.keep.empty();
  std::string name = std::filesystem::temp_directory_path() / "thumbmill-mutated-XXXXXX";
  if (temporary) options.campaign.keep = ::mkdtemp(name.data());
  const auto vips = VipsThumbnailer::create();  // to make seeds with
  if (!vips.ok()) return EXIT_FAILURE;
  std::vector<Seed> seeds =
      corpus_seeds(corpus_folder(THUMBMILL_SOURCE_DIR "/../shared/corpus"), options.most_bytes);
  const std::size_t of_corpus = seeds.size();
  for (Seed& seed : made_seeds()) seeds.push_back(std::move(seed));
  print_seeds(seeds, of_corpus);
  if (!kSanitizerBuild) fmt::print("not a build with sanitizers: only crashes are seen\n");
  const auto tally = run_on(seeds, options);
  if (!tally.ok()) {
    fmt::print(stderr, "mutated_images: {}\n", tally.status().to_string());
    return EXIT_FAILURE;
  }
  print_findings(*tally, options.campaign.keep);
  if (temporary && tally->good() && tally->findings.empty()) {
    std::filesystem::remove_all(options.campaign.keep);
  }
  fmt::print("run seed {}: {} findings, {}\n", options.seed, tally->findings.size(),
             tally->good() ? "none of ours, no failure" : "SOMETHING OF OURS FAILED");
  return tally->good() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) { return thumbmill::run(argc, argv); }
