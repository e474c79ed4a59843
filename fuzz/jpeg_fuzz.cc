// The JPEG kernel reads whole files of anybody's making, if only inside the sandbox. Everything in
// front of the encoder is run: markers, the quick decoder at each of its scales, EXIF, colour
// profiles, and the whole thumbnailer with its fall-backs.
#include <string>

#include "base/status.h"
#include "fuzz_target.h"
#include "image/jpeg/jpeg_kernel.h"
#include "image/jpeg/skim_decoder.h"
#include "image/planar/planar_thumbnailer.h"

using namespace thumbmill;

namespace {

// Small, so that a claim of a size costs no time that could go into another input.
ImageLimits limits() {
  ImageLimits limits;
  limits.max_pixels = 1 << 20;
  limits.max_side_px = 1 << 14;
  limits.max_scans = 20;
  return limits;
}

void skim_at(std::string_view file, std::uint32_t side) {
  jpeg::MarkerReader markers(file);
  const auto scan = markers.next_scan(0);
  if (!scan.ok() || !*scan) return;
  const jpeg::Frame& frame = markers.frame();
  if (std::uint64_t{frame.width} * frame.height > limits().max_pixels) return;
  const auto picture = jpeg::skim(markers, file, **scan, {side, side, side}, limits());
  if (!picture.ok()) return;
  THUMBMILL_CHECK(picture->planes.size() == frame.count);
  for (const jpeg::Plane& plane : picture->planes) {
    THUMBMILL_CHECK(plane.width >= 1 && plane.width <= plane.stride);
    THUMBMILL_CHECK(plane.height >= 1 && plane.height * plane.stride <= plane.samples.size());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file = fuzz_text(data, size);
  for (const std::uint32_t side : {1u, 2u, 4u}) skim_at(file, side);
  ThumbnailRequest request;
  request.source = Blob(std::string(file));
  request.limits = limits();
  request.renditions = {
      {.name = "a", .width_px = 40, .height_px = 30, .fit = Fit::cover},
      {.name = "b", .width_px = 9, .height_px = 9, .fit = Fit::contain, .quality = 95}};
  planar::PlanarThumbnailer thumbnailer({{ImageFormat::jpeg, jpeg::decode_jpeg}},
                                        planar::own_encoders());
  const auto made = thumbnailer.make(request, {});
  if (made.ok()) THUMBMILL_CHECK(made->renditions.size() == 2);
  return 0;
}
