#include "image/jpeg/jpeg_kernel.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "image/jpeg/markers.h"
#include "image/jpeg/skim_decoder.h"
#include "image/jpeg/turbo_decoder.h"
#include "image/limit_checks.h"
#include "image/planar/encoder.h"
#include "image/planar/render.h"
#include "image/reduction.h"

namespace thumbmill::jpeg {
namespace {

using planar::Decoded;
using planar::upright;

constexpr std::uint32_t kFullSide = 8;

// Of a picture's sample, in an array of coefficients: libjpeg's are 16-bit, ours the low ones and a
// bit for each other.
constexpr std::uint64_t kTurboCoefficientBytes = 2;
constexpr std::uint64_t kSkimCoefficientBytes = 1;

// Asks for what decoding to `side` of a block's 8 samples will take at the most.
Status ask_for_memory(const ThumbnailRequest& request, SizePx size, std::uint32_t side,
                      std::size_t components, std::uint64_t coefficient_bytes) {
  const std::uint64_t samples = std::uint64_t{size.width} * size.height * components;
  return planar::ask_for_memory(
      request, size, samples * coefficient_bytes + samples * side * side / (kFullSide * kFullSide));
}

// The smallest side at which `extent` of a full-size component is `factor` times `target`.
std::uint32_t side_for(double extent, double target, double factor) {
  std::uint32_t side = 1;
  while (side < kFullSide && extent * side / kFullSide < factor * target) side *= 2;
  return side;
}

// The sides that the renditions need, 8 where the whole component is.
BlockSides sides_for(const Frame& frame, ColorModel model, int orientation,
                     const std::vector<RenditionSpec>& specs) {
  BlockSides sides{1, 1, 1};
  for (const RenditionSpec& spec : specs) {
    const FitPlan plan = plan_fit(upright({frame.width, frame.height}, orientation), spec);
    const SizePx scaled = upright(plan.scaled, orientation);  // its own inverse
    const std::uint32_t chroma_divisor =
        planar::chroma_divisor_of(spec.format.value_or(ImageFormat::jpeg), spec.quality);
    for (std::size_t i = 0; i < frame.count; ++i) {
      const bool chroma = model == ColorModel::ycbcr && i > 0;
      const double factor = chroma ? kChromaOversampling / chroma_divisor : kOversampling;
      const Component& part = frame.components[i];
      sides[i] = std::max(
          {sides[i], side_for(double(frame.width) * part.h / frame.h_max, scaled.width, factor),
           side_for(double(frame.height) * part.v / frame.v_max, scaled.height, factor)});
    }
  }
  return sides;
}

// By libjpeg-turbo alone, which may make more of a damaged header than our reader does.
Result<Decoded> decode_fully(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(TurboHeader header, read_turbo_header(file));
  RETURN_IF_ERROR(check_size(header.size.width, header.size.height, request.limits));
  const std::uint32_t scans = count_jpeg_scans(file, request.limits.max_scans);
  RETURN_IF_ERROR(check_scans(scans, request.limits));
  Decoded decoded;
  decoded.size = upright(header.size, header.orientation);
  std::uint32_t side = 1;
  for (const RenditionSpec& spec : request.renditions) {
    const SizePx scaled = plan_fit(decoded.size, spec).scaled;
    side = std::max({side, side_for(decoded.size.width, scaled.width, kOversampling),
                     side_for(decoded.size.height, scaled.height, kOversampling)});
  }
  RETURN_IF_ERROR(ask_for_memory(request, decoded.size, side, header.components,
                                 header.keeps_coefficients ? kTurboCoefficientBytes : 0));
  ASSIGN_OR_RETURN(decoded.picture, decode_with_turbo(file, side));
  decoded.picture.orientation = header.orientation;
  decoded.profile = std::move(header.profile);
  return decoded;
}

}  // namespace

Result<Decoded> decode_jpeg(std::string_view file, const ThumbnailRequest& request) {
  MarkerReader markers(file);
  const auto scan = markers.next_scan(0);
  // Damaged or not ours: libjpeg-turbo has the last word.
  if (!scan.ok() || !*scan) return decode_fully(file, request);
  const Frame& frame = markers.frame();
  RETURN_IF_ERROR(check_size(frame.width, frame.height, request.limits));
  const int orientation = markers.apps().orientation();
  const BlockSides sides = sides_for(frame, markers.color_model(), orientation, request.renditions);
  const std::uint32_t side = *std::max_element(sides.begin(), sides.end());
  if (side == kFullSide) return decode_fully(file, request);
  const SizePx size = upright({frame.width, frame.height}, orientation);
  RETURN_IF_ERROR(ask_for_memory(request, size, side, frame.count,
                                 side > 1 && frame.progressive ? kSkimCoefficientBytes : 0));
  Result<Picture> skimmed = skim(markers, file, **scan, sides, request.limits);
  if (!skimmed.ok() && skimmed.status().code() == Code::too_large) return skimmed.status();
  if (!skimmed.ok()) return decode_fully(file, request);
  Decoded decoded;
  decoded.picture = *std::move(skimmed);
  decoded.picture.orientation = orientation;
  decoded.size = size;
  decoded.profile = markers.apps().profile();
  return decoded;
}

}  // namespace thumbmill::jpeg
