// Measures one kernel, or one limit, on one image, in process: bytes in, encoded renditions out.
//
// Usage: kernel_times KERNEL FILE SIZES COUNT OUTPUT, such as: kernel_times ours a.jpg 200,400 9 x
//
// The renditions go to OUTPUT-200 and so on. Prints one JSON object: the times of each repetition
// after the first, in milliseconds, by the clock and of the processor.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <jpeglib.h>

#include "decoder/kernels.h"
#include "rival_kernels.h"

#define TEXT_OF(macro) #macro
#define VALUE_OF(macro) TEXT_OF(macro)

namespace thumbmill::bench {
namespace {

// The file is the same at each call.
Made by_ours(const std::string& file, const Sides& sides) {
  static const std::unique_ptr<Thumbnailer> kernels = make_kernels().value();
  static const Blob source(file);
  ThumbnailRequest request;
  request.source = source;
  const auto format = sniff_image_format(file);
  if (!format) throw std::runtime_error("no image");
  request.format = *format;
  for (const std::uint32_t side : sides) {
    request.renditions.push_back(
        {.name = fmt::format("r{}", side), .width_px = side, .height_px = side});
  }
  const auto thumbnails = kernels->make(request, {});
  if (!thumbnails.ok()) throw std::runtime_error(thumbnails.status().to_string());
  Made made;
  for (const MadeRendition& rendition : thumbnails->renditions)
    made.push_back(rendition.bytes.to_string().value());
  return made;
}

struct Kernel {
  std::function<Made(const std::string&, const Sides&)> make;
  std::string version;  // of the library; empty: none
  std::vector<Library> libraries = {};
};

const std::map<std::string, Kernel>& kernels() {
  static const std::map<std::string, Kernel> all{
      {"ours", {by_ours, "", libraries()}},
      {"libjpeg-turbo", {by_libjpeg_turbo, VALUE_OF(LIBJPEG_TURBO_VERSION)}},
      {"memcpy", {copy, ""}},
      {"coded-picture", {coded_picture, ""}},
      {"every-code", {every_code, ""}},
  };
  return all;
}

double cpu_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double wall_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Sides parse_sides(const std::string& text) {
  Sides sides;
  std::istringstream in(text);
  for (std::string side; std::getline(in, side, ',');)
    sides.push_back(static_cast<std::uint32_t>(std::stoul(side)));
  return sides;
}

void run(const Kernel& kernel, const std::string& path, const Sides& sides, int count,
         const std::string& output) {
  std::ifstream in(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  const Made made = kernel.make(file, sides);
  for (std::size_t i = 0; i < made.size(); ++i)
    std::ofstream(fmt::format("{}-{}", output, sides.at(i)), std::ios::binary) << made[i];
  std::vector<double> wall;
  std::vector<double> cpu;
  for (int i = 0; i < count; ++i) {
    const double wall_begin = wall_ms();
    const double cpu_begin = cpu_ms();
    kernel.make(file, sides);
    cpu.push_back(cpu_ms() - cpu_begin);
    wall.push_back(wall_ms() - wall_begin);
  }
  std::vector<std::string> named;
  for (const Library& library : kernel.libraries)
    named.push_back(fmt::format(R"("{}":"{}")", library.name, library.version));
  fmt::print(R"({{"wall_ms":[{:.3f}],"cpu_ms":[{:.3f}],"version":"{}","libraries":{{{}}}}})"
             "\n",
             fmt::join(wall, ","), fmt::join(cpu, ","), kernel.version, fmt::join(named, ","));
}

}  // namespace
}  // namespace thumbmill::bench

int main(int argc, char** argv) {
  using namespace thumbmill::bench;
  const auto kernel = argc == 6 ? kernels().find(argv[1]) : kernels().end();
  if (kernel == kernels().end()) {
    fmt::print(stderr, "usage: kernel_times KERNEL FILE SIZES COUNT OUTPUT; kernels:");
    for (const auto& [name, unused] : kernels()) fmt::print(stderr, " {}", name);
    fmt::print(stderr, "\n");
    return EXIT_FAILURE;
  }
  try {
    run(kernel->second, argv[2], parse_sides(argv[3]), std::stoi(argv[4]), argv[5]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kernel_times: {}, {}: {}\n", argv[1], argv[2], error.what());
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
