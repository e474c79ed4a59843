#include "image/planar/rendition_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "image/blurhash.h"
#include "image/planar/jpeg_encoder.h"
#include "image/planar/render.h"

namespace thumbmill::planar {
namespace {

constexpr std::uint32_t kPlaceholderSide = 32;
// A rendition serves as the source of another one that is so many times smaller.
constexpr double kCascade = 2.0;

// In the centre of the canvas, on the background.
RgbPixels place(RgbPixels pixels, SizePx canvas, Color background) {
  if (pixels.size == canvas) return pixels;
  RgbPixels placed;
  placed.size = canvas;
  placed.bytes.resize(std::size_t{canvas.width} * canvas.height * 3);
  for (std::size_t i = 0; i < placed.bytes.size(); i += 3) {
    placed.bytes[i] = background.red;
    placed.bytes[i + 1] = background.green;
    placed.bytes[i + 2] = background.blue;
  }
  const std::size_t left = (canvas.width - pixels.size.width) / 2;
  const std::size_t top = (canvas.height - pixels.size.height) / 2;
  for (std::size_t y = 0; y < pixels.size.height; ++y) {
    std::memcpy(placed.bytes.data() + ((top + y) * canvas.width + left) * 3,
                pixels.bytes.data() + y * pixels.size.width * 3, pixels.size.width * 3);
  }
  return placed;
}

SizePx placeholder_size(SizePx size) {
  const double scale = std::min(1.0, double(kPlaceholderSide) / std::max(size.width, size.height));
  const auto scaled = [&](std::uint32_t side) {
    return std::max(1u, static_cast<std::uint32_t>(std::lround(side * scale)));
  };
  return {scaled(size.width), scaled(size.height)};
}

// Three planes of pixels, to be resized.
Picture planes_of(const RgbPixels& pixels) {
  Picture picture;
  picture.model = ColorModel::rgb;
  for (std::size_t band = 0; band < 3; ++band) {
    Plane plane;
    plane.width = plane.stride = pixels.size.width;
    plane.height = pixels.size.height;
    plane.extent_x = pixels.size.width;
    plane.extent_y = pixels.size.height;
    plane.samples.resize(plane.width * plane.height);
    for (std::size_t i = 0; i < plane.samples.size(); ++i) {
      plane.samples[i] = pixels.bytes[3 * i + band];
    }
    picture.planes.push_back(std::move(plane));
  }
  return picture;
}

// Placeholder hash and mean colour.
void describe(const Picture& finished, RenditionResult& facts) {
  const RgbPixels small = to_rgb(render_small(finished, placeholder_size(facts.size)));
  facts.placeholder = blurhash(small.bytes, small.size.width, small.size.height);
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i < small.bytes.size(); ++i) sums[i % 3] += small.bytes[i];
  const std::uint64_t count = small.bytes.size() / 3;
  const auto mean = [&](std::size_t band) { return static_cast<std::uint8_t>(sums[band] / count); };
  facts.color = color_to_string({mean(0), mean(1), mean(2)});
}

}  // namespace

RenditionMaker::RenditionMaker(Picture decoded, SizePx size, const ProfileTransform* transform)
    : size_(size),
      transform_(transform != nullptr && !transform->is_identity() ? transform : nullptr) {
  pictures_.push_back(std::move(decoded));
}

const Picture& RenditionMaker::source_for(const FitPlan& plan, std::uint32_t chroma_divisor) const {
  for (std::size_t i = pictures_.size(); i-- > 1;) {
    if (is_large_enough(pictures_[i], plan.scaled, chroma_divisor, kCascade)) return pictures_[i];
  }
  return pictures_.front();
}

Result<MadeRendition> RenditionMaker::make(const RenditionSpec& spec) {
  const FitPlan plan = plan_fit(size_, spec);
  const std::uint32_t stored_divisor = chroma_divisor_of(spec.quality);
  const bool as_planes = transform_ == nullptr && plan.canvas == plan.crop &&
                         pictures_.front().model != ColorModel::rgb;
  const std::uint32_t divisor = as_planes ? stored_divisor : 1;
  Picture picture = render(source_for(plan, stored_divisor), plan, divisor);

  MadeRendition made;
  made.facts.name = spec.name;
  made.facts.format = ImageFormat::jpeg;
  made.facts.size = plan.canvas;
  std::string bytes;
  if (as_planes) {
    ASSIGN_OR_RETURN(bytes, encode_planes(picture, divisor, spec.quality));
    describe(picture, made.facts);
  } else {
    RgbPixels pixels = to_rgb(picture);
    if (transform_ != nullptr) transform_->apply(pixels);
    pixels = place(std::move(pixels), plan.canvas, spec.background.value_or(Color()));
    ASSIGN_OR_RETURN(bytes, encode_rgb(pixels, spec.quality));
    describe(planes_of(pixels), made.facts);
  }
  if (plan.crop == plan.scaled) pictures_.push_back(std::move(picture));
  made.facts.size_bytes = bytes.size();
  made.bytes = Blob(std::move(bytes));
  return made;
}

}  // namespace thumbmill::planar
