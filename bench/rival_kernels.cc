#include "rival_kernels.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include <jpeglib.h>

#include "image/jpeg/markers.h"
#include "image/jpeg/skim_decoder.h"
#include "image/planar/jpeg_encoder.h"
#include "image/planar/render.h"
#include "image/png/container.h"
#include "image/png/inflate.h"
#include "image/webp/decoder.h"

namespace thumbmill::bench {
namespace {

constexpr int kQuality = 80;

// A libjpeg decoder on bytes that has read the header.
class Decompressor {
 public:
  explicit Decompressor(const std::string& file) {
    info.err = jpeg_std_error(&errors_);
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_read_header(&info, TRUE);
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  jpeg_decompress_struct info{};

 private:
  jpeg_error_mgr errors_{};
};

// YCbCr at the smallest scale whose longer side is at least `least`, as planes.
planar::Picture decode(jpeg_decompress_struct& info, std::uint32_t least) {
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
  return picture;
}

void skim(const std::string& file) {
  jpeg::MarkerReader markers(file);
  const auto first = markers.next_scan(0);
  if (!first.ok() || !*first) throw std::runtime_error("no scan");
  if (!jpeg::skim(markers, file, **first, {1, 1, 1}, {}).ok())
    throw std::runtime_error("not skimmed");
}

void inflate(const std::string& file) {
  const auto parts = take_png_apart(file);
  if (!parts.ok()) throw std::runtime_error("not a PNG");
  PngRows rows(*parts, parts->header.raw_bytes());
  if (rows.next(1, parts->header.row_bytes()).count == 0) throw std::runtime_error("not inflated");
}

void decode_webp(const std::string& file) {
  const auto container = webp::read_container(file);
  if (!container.ok() || !webp::decode(*container, webp::BlockEdges::leave).ok())
    throw std::runtime_error("not decoded");
}

}  // namespace

Made by_libjpeg_turbo(const std::string& file, const Sides& sides) {
  Made made;
  for (const std::uint32_t side : sides) {
    Decompressor jpeg(file);
    const SizePx size{jpeg.info.image_width, jpeg.info.image_height};
    const planar::Picture picture = decode(jpeg.info, 2 * side);
    const FitPlan plan = plan_fit(size, {.width_px = side, .height_px = side});
    made.push_back(planar::encode_jpeg(planar::render(picture, plan, 2), kQuality).value());
  }
  return made;
}

Made copy(const std::string& file, const Sides& /*sides*/) {
  static std::string memory;  // the pages of a fresh one would cost more than the copy
  memory.assign(file);
  return {};
}

Made coded_picture(const std::string& file, const Sides& /*sides*/) {
  switch (sniff_image_format(file).value_or(ImageFormat::gif)) {
    case ImageFormat::jpeg:
      skim(file);
      break;
    case ImageFormat::png:
      inflate(file);
      break;
    case ImageFormat::webp:
      decode_webp(file);
      break;
    default:
      throw std::runtime_error("no limit is known for this format");
  }
  return {};
}

Made every_code(const std::string& file, const Sides& /*sides*/) {
  Decompressor jpeg(file);
  decode(jpeg.info, 1);
  return {};
}

}  // namespace thumbmill::bench
