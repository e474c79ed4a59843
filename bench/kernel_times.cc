// Measures one kernel on one photo, in process: bytes in, encoded renditions out.
//
// Usage: kernel_times --kernel ours|libvips|libjpeg-turbo --photo FILE --sizes 200,400 [--count 15]
//
// libjpeg-turbo is what one writes without a kernel: its scaled decode at the smallest scale of at
// least twice the rendition, lanczos, its encoder; no orientation, profile or placeholder, and
// nothing shared among the sizes. Prints one JSON object: the times of each repetition after the
// first, in milliseconds, by the clock and of the processor.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <jpeglib.h>

#include "image/jpeg/jpeg_thumbnailer.h"
#include "image/planar/jpeg_encoder.h"
#include "image/planar/render.h"
#include "image/vips/vips_thumbnailer.h"

namespace thumbmill {
namespace {

// YCbCr at the smallest scale whose longer side is at least `least`, as planes. A bad file ends the
// program: that is libjpeg's default.
planar::Picture decode(const std::string& file, std::uint32_t least, SizePx& size) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&info, TRUE);
  size = {info.image_width, info.image_height};
  info.scale_denom = 8;
  info.scale_num = 1;
  while (info.scale_num < 8 &&
         std::max(info.image_width, info.image_height) * info.scale_num / 8 < least) {
    info.scale_num *= 2;
  }
  info.out_color_space = JCS_YCbCr;
  jpeg_start_decompress(&info);
  planar::Picture picture;
  picture.model = planar::ColorModel::ycbcr;
  for (int i = 0; i < 3; ++i) {
    planar::Plane& plane = picture.planes.emplace_back();
    plane.width = plane.stride = info.output_width;
    plane.height = info.output_height;
    plane.extent_x = info.output_width;
    plane.extent_y = info.output_height;
    plane.samples.resize(plane.width * plane.height);
  }
  std::vector<std::uint8_t> row(std::size_t{info.output_width} * 3);
  while (info.output_scanline < info.output_height) {
    const std::size_t y = info.output_scanline;
    JSAMPROW at = row.data();
    jpeg_read_scanlines(&info, &at, 1);
    for (std::size_t x = 0; x < info.output_width; ++x) {
      for (std::size_t i = 0; i < 3; ++i) picture.planes[i].row(y)[x] = row[3 * x + i];
    }
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return picture;
}

std::size_t by_libjpeg(const std::string& file, const std::vector<std::uint32_t>& sizes) {
  std::size_t total = 0;
  for (const std::uint32_t side : sizes) {
    SizePx size;
    const planar::Picture picture = decode(file, 2 * side, size);
    const FitPlan plan = plan_fit(size, {.width_px = side, .height_px = side});
    total += planar::encode_jpeg(planar::render(picture, plan, 2), 80).value().size();
  }
  return total;
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

int run(int argc, char** argv) {
  std::string kernel;
  std::string photo;
  std::vector<std::uint32_t> sizes;
  int count = 15;
  CLI::App app("Measures one kernel on one photo, in process.", "kernel_times");
  app.add_option("--kernel", kernel, "ours, libvips or libjpeg-turbo")
      ->required()
      ->check(CLI::IsMember({"ours", "libvips", "libjpeg-turbo"}));
  app.add_option("--photo", photo, "A JPEG file")->required()->check(CLI::ExistingFile);
  app.add_option("--sizes", sizes, "Boxes of the renditions")->required()->delimiter(',');
  app.add_option("--count", count, "Repetitions")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::ifstream in(photo, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  std::unique_ptr<Thumbnailer> thumbnailer;
  if (kernel == "ours") thumbnailer = std::make_unique<JpegThumbnailer>();
  if (kernel == "libvips") thumbnailer = VipsThumbnailer::create().value();
  ThumbnailRequest request;
  request.source = Blob(file);
  for (const std::uint32_t side : sizes) {
    request.renditions.push_back(
        {.name = fmt::format("r{}", side), .width_px = side, .height_px = side});
  }
  const auto once = [&]() -> std::size_t {
    if (thumbnailer == nullptr) return by_libjpeg(file, sizes);
    const auto made = thumbnailer->make(request, {});
    if (!made.ok()) return 0;
    std::size_t total = 0;
    for (const MadeRendition& rendition : made->renditions) total += rendition.bytes.size();
    return total;
  };
  const std::size_t bytes = once();
  if (bytes == 0) {
    fmt::print(stderr, "kernel_times: {} makes nothing of {}\n", kernel, photo);
    return EXIT_FAILURE;
  }
  std::vector<double> wall, cpu;
  for (int i = 0; i < count; ++i) {
    const double wall_begin = wall_ms(), cpu_begin = cpu_ms();
    once();
    wall.push_back(wall_ms() - wall_begin);
    cpu.push_back(cpu_ms() - cpu_begin);
  }
  fmt::print(R"({{"wall_ms":[{:.3f}],"cpu_ms":[{:.3f}],"bytes":{}}})"
             "\n",
             fmt::join(wall, ","), fmt::join(cpu, ","), bytes);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) { return thumbmill::run(argc, argv); }
