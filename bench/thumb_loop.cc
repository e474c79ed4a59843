// Makes thumbnails of files as fast as it can, in process, for bench/png_kernel. Not a test of the
// sandbox or the service.
//
// Each line of the input is "SYSTEM FILE SIDE ROUNDS FORMAT [OUTPUT]": the file is made into a
// thumbnail within SIDE x SIDE ROUNDS times, and the line of the answer has the wall and the CPU
// milliseconds of each, or "failed" and why. SYSTEM is "ours", the kernels that decoder processes
// have; or "libvips", where a PNG gets an empty APNG chunk first, which our reader leaves to
// vips_pngload. FORMAT is jpeg, webp, or auto: what a request without a format gets. The last
// thumbnail goes to the file OUTPUT.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>

#include <libdeflate.h>

#include "app/kernels.h"
#include "image/vips/vips_image.h"

namespace thumbmill {
namespace {

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double wall_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What our reader declines and libvips takes as it is: one frame, shown once (PNG 3rd edition
// 11.3.6.1), and its CRC.
std::string as_animation(const std::string& png) {
  using namespace std::string_literals;
  constexpr std::size_t kBehindHeader = 33;
  if (png.size() < kBehindHeader) return png;
  const std::string chunk =
      "\0\0\0\x08"
      "acTL\0\0\0\x01\0\0\0\x01\xc3\x2a\xd9\x36"s;
  return png.substr(0, kBehindHeader) + chunk + png.substr(kBehindHeader);
}

Result<std::string> by_libvips_alone(std::string_view file, std::uint32_t side, bool webp) {
  const int px = static_cast<int>(side);
  ASSIGN_OR_RETURN(const VipsImagePtr small, make_image([&](VipsImage** out) {
                     return vips_thumbnail_buffer(const_cast<char*>(file.data()), file.size(), out,
                                                  px, "height", px, nullptr);
                   }));
  void* bytes = nullptr;
  std::size_t size = 0;
  const int failed =
      webp ? vips_webpsave_buffer(small.get(), &bytes, &size, "Q", 80, "strip", TRUE, nullptr)
           : vips_jpegsave_buffer(small.get(), &bytes, &size, "Q", 80, "strip", TRUE, nullptr);
  if (failed != 0) return decode_failure();
  std::string encoded(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return encoded;
}

std::string answer(Thumbnailer& thumbnailer, const std::string& line) {
  std::istringstream fields(line);
  std::string system;
  std::string path;
  std::string format_name;
  std::string output;
  std::uint32_t side = 0;
  int rounds = 0;
  fields >> system >> path >> side >> rounds >> format_name >> output;
  std::string file = read(path);
  const auto format = sniff_image_format(file);
  if (!format) return "failed: no image";
  if (system == "libvips" && *format == ImageFormat::png) file = as_animation(file);
  const bool alone = system == "libvips" && *format != ImageFormat::png;
  ThumbnailRequest request;
  request.source = Blob(file);
  request.format = *format;
  request.renditions = {RenditionSpec{.width_px = side, .height_px = side}};
  if (format_name != "auto") request.renditions[0].format = image_format_from_name(format_name);
  std::ostringstream times;
  for (int i = 0; i < rounds; ++i) {
    const double wall = wall_ms();
    const double cpu = cpu_ms();
    Result<std::string> made = std::string();
    if (alone) {
      made = by_libvips_alone(file, side, format_name == "webp");
    } else if (auto thumbnails = thumbnailer.make(request, {}); thumbnails.ok()) {
      made = thumbnails->renditions.at(0).bytes.to_string();
    } else {
      made = thumbnails.status();
    }
    if (!made.ok()) return "failed: " + made.status().to_string();
    times << wall_ms() - wall << ' ' << cpu_ms() - cpu << ' ';
    if (i + 1 == rounds && !output.empty()) {
      std::ofstream(output, std::ios::binary) << *made;
    }
  }
  return times.str();
}

int run() {
  auto thumbnailer = make_kernels();
  if (!thumbnailer.ok()) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(**thumbnailer, line) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace thumbmill

// With any argument: which libraries it runs on, for the results.
int main(int argc, char**) {
  if (argc == 1) return thumbmill::run();
  std::cout << "libvips " << vips_version_string() << ", libdeflate " << LIBDEFLATE_VERSION_STRING
            << std::endl;
}
