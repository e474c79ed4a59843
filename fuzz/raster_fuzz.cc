// The kernels of formats that are read row by row: PNM, BMP, ICO, TGA and PSD, chosen by the magic
// bytes as an upload is; what has none is taken for TGA.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/bmp/bmp_kernel.h"
#include "image/bmp/ico_kernel.h"
#include "image/pnm/pnm_kernel.h"
#include "image/psd/psd_kernel.h"
#include "image/tga/tga_kernel.h"
#include "model/image_format.h"

using namespace thumbmill;

namespace {

Result<planar::Decoded> no_png(std::string_view, const ThumbnailRequest&) {
  return Status(Code::unsupported, "PNG has a fuzzer of its own");
}

Result<planar::Decoded> decode(std::string_view file, const ThumbnailRequest& request) {
  switch (sniff_image_format(file).value_or(ImageFormat::tga)) {
    case ImageFormat::pnm:
      return pnm::decode_pnm(file, request);
    case ImageFormat::bmp:
      return bmp::decode_bmp(file, request);
    case ImageFormat::ico:
      return bmp::decode_ico(file, request, no_png);
    case ImageFormat::psd:
      return psd::decode_psd(file, request);
    default:
      return tga::decode_tga(file, request);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ThumbnailRequest request;
  request.limits.max_pixels = 1 << 18;
  request.renditions = {RenditionSpec{.width_px = 20, .height_px = 20}};
  const auto decoded = decode(fuzz_text(data, size), request);
  if (!decoded.ok()) {
    const Code code = decoded.status().code();
    THUMBMILL_CHECK(code == Code::corrupt_input || code == Code::unsupported ||
                    code == Code::too_large);
    return 0;
  }
  const std::uint64_t pixels = std::uint64_t{decoded->size.width} * decoded->size.height;
  THUMBMILL_CHECK(pixels > 0 && pixels <= request.limits.max_pixels);
  THUMBMILL_CHECK(decoded->profile.size() <= size);
  for (const planar::Plane& plane : decoded->picture.planes) {
    THUMBMILL_CHECK(plane.width > 0 && plane.samples.size() == plane.stride * plane.height);
  }
  return 0;
}
