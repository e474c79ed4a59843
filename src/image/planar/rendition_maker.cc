#include "image/planar/rendition_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "image/blurhash.h"
#include "image/planar/render.h"
#include "image/reduction.h"
#include "model/rendition_pixels.h"

namespace thumbmill::planar {
namespace {

constexpr std::uint32_t kPlaceholderSide = 32;
// Stacks, tables and buffers, whatever the size of the image.
constexpr std::uint64_t kBaseBytes = 8ull << 20;

// Of an opaque picture. One that shows what is behind it becomes PNG, if nothing else is asked for.
ImageFormat format_of(const RenditionSpec& spec) { return spec.format.value_or(ImageFormat::jpeg); }

// Whether an encoder of planes takes the picture's without a conversion.
bool is_stored_as_planes(const Picture& picture) {
  const bool has_luma = picture.model == ColorModel::grey || picture.model == ColorModel::ycbcr;
  return has_luma && !picture.has_alpha && picture.weights == LumaWeights();
}

bool is_transparent(const Pixels& pixels) {
  if (pixels.channels == 3) return false;
  for (std::size_t i = 3; i < pixels.bytes.size(); i += 4) {
    if (pixels.bytes[i] < 255) return true;
  }
  return false;
}

// In the centre of the canvas, which is clear without a background; with one, `pixels` are opaque.
Pixels place(const Pixels& pixels, SizePx canvas, std::optional<Color> background) {
  Pixels placed{canvas, background ? 3u : 4u, {}};
  const std::size_t channels = placed.channels;
  placed.bytes.resize(std::size_t{canvas.width} * canvas.height * channels);
  if (background) {
    for (std::size_t i = 0; i < placed.bytes.size(); i += channels) {
      placed.bytes[i] = background->red;
      placed.bytes[i + 1] = background->green;
      placed.bytes[i + 2] = background->blue;
    }
  }
  const std::size_t left = (canvas.width - pixels.size.width) / 2;
  const std::size_t top = (canvas.height - pixels.size.height) / 2;
  const std::uint8_t* from = pixels.bytes.data();
  for (std::size_t y = 0; y < pixels.size.height; ++y) {
    std::uint8_t* to = placed.bytes.data() + ((top + y) * canvas.width + left) * channels;
    for (std::size_t x = 0; x < pixels.size.width; ++x) {
      std::memcpy(to, from, 3);
      if (channels == 4) to[3] = pixels.channels == 4 ? from[3] : 255;
      from += pixels.channels;
      to += channels;
    }
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
Picture planes_of(const Pixels& pixels) {
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
  const Pixels small = to_rgb(render_small(finished, placeholder_size(facts.size)));
  facts.placeholder = blurhash(small.bytes, small.size.width, small.size.height);
  std::array<std::uint64_t, 3> sums{};
  for (std::size_t i = 0; i < small.bytes.size(); ++i) sums[i % 3] += small.bytes[i];
  const std::uint64_t count = small.bytes.size() / 3;
  const auto mean = [&](std::size_t band) { return static_cast<std::uint8_t>(sums[band] / count); };
  facts.color = color_to_string({mean(0), mean(1), mean(2)});
}

// One thread at a time.
class RenditionMaker {
 public:
  // `transform` may be null, and is borrowed, as are `encoders`.
  RenditionMaker(Picture decoded, SizePx size, const ProfileTransform* transform,
                 const std::vector<FormatEncoder>& encoders)
      : size_(size),
        encoders_(encoders),
        transform_(transform != nullptr && !transform->is_identity() ? transform : nullptr) {
    pictures_.push_back(std::move(decoded));
  }

  // Cheapest with the larger renditions first.
  Result<MadeRendition> make(const RenditionSpec& spec);

 private:
  const Picture& source_for(const FitPlan& plan, std::uint32_t chroma_divisor) const;
  // The colours and the canvas that `spec` asks for.
  Result<std::string> finish(const Picture& picture, const FitPlan& plan, const RenditionSpec& spec,
                             RenditionResult& facts) const;

  std::deque<Picture> pictures_;  // the decoded one, then whole pictures made of it, ever smaller
  SizePx size_;
  const std::vector<FormatEncoder>& encoders_;
  const ProfileTransform* transform_;
};

const Picture& RenditionMaker::source_for(const FitPlan& plan, std::uint32_t chroma_divisor) const {
  for (std::size_t i = pictures_.size(); i-- > 1;) {
    if (is_large_enough(pictures_[i], plan.scaled, chroma_divisor, kOversampling))
      return pictures_[i];
  }
  return pictures_.front();
}

Result<std::string> RenditionMaker::finish(const Picture& picture, const FitPlan& plan,
                                           const RenditionSpec& spec,
                                           RenditionResult& facts) const {
  Pixels pixels = to_srgb(picture, transform_);
  const bool shows_through = is_transparent(pixels) && !spec.background;
  if (shows_through && !spec.format) facts.format = ImageFormat::png;
  const bool keeps_alpha = shows_through && facts.format != ImageFormat::jpeg;
  const Color background = spec.background.value_or(Color());
  if (!keeps_alpha) pixels = flattened(std::move(pixels), background);
  if (plan.canvas != plan.crop) {
    const bool clear = !spec.background && facts.format != ImageFormat::jpeg;
    pixels = place(pixels, plan.canvas, clear ? std::nullopt : std::optional(background));
  }
  describe(planes_of(flattened(pixels, background)), facts);
  const FormatEncoder* const encoder = find_encoder(encoders_, facts.format);
  if (encoder == nullptr) return Status(Code::unsupported, "a rendition's format is not written");
  return encoder->encode_pixels(pixels, spec.quality);
}

Result<MadeRendition> RenditionMaker::make(const RenditionSpec& spec) {
  const FitPlan plan = plan_fit(size_, spec);
  MadeRendition made;
  made.facts.name = spec.name;
  made.facts.format = format_of(spec);
  made.facts.size = plan.canvas;
  const std::uint32_t stored_divisor = chroma_divisor_of(made.facts.format, spec.quality);
  const Picture& decoded = pictures_.front();
  const FormatEncoder* const encoder = find_encoder(encoders_, made.facts.format);
  const bool stores_planes = encoder != nullptr && encoder->encode_planes != nullptr;
  const bool as_planes = stores_planes && transform_ == nullptr && plan.canvas == plan.crop &&
                         is_stored_as_planes(decoded);
  Picture picture = render(source_for(plan, stored_divisor), plan, as_planes ? stored_divisor : 1);
  std::string bytes;
  if (as_planes) {
    ASSIGN_OR_RETURN(bytes, encoder->encode_planes(picture, spec.quality));
    describe(picture, made.facts);
  } else {
    ASSIGN_OR_RETURN(bytes, finish(picture, plan, spec, made.facts));
  }
  if (plan.crop == plan.scaled) pictures_.push_back(std::move(picture));
  made.facts.size_bytes = bytes.size();
  made.bytes = Blob(std::move(bytes));
  return made;
}

}  // namespace

Status check_formats(const std::vector<RenditionSpec>& specs,
                     const std::vector<FormatEncoder>& encoders) {
  const bool all = std::all_of(specs.begin(), specs.end(), [&](const RenditionSpec& spec) {
    return find_encoder(encoders, format_of(spec)) != nullptr;
  });
  return all ? Status() : Status(Code::unsupported, "a rendition's format is not written here");
}

Status ask_for_memory(const ThumbnailRequest& request, SizePx upright,
                      std::uint64_t decoding_bytes) {
  RETURN_IF_ERROR(check_plans(upright, request.renditions, request.limits.max_rendition_pixels));
  if (!request.admit) return Status();
  std::uint64_t largest = 0;
  for (const RenditionSpec& spec : request.renditions) {
    const FitPlan plan = plan_fit(upright, spec);
    // Only the crop is ever made of the scaled picture, which may be far larger.
    const std::uint64_t pixels = std::uint64_t{plan.crop.width} * plan.crop.height +
                                 std::uint64_t{plan.canvas.width} * plan.canvas.height;
    largest = std::max(largest, pixels * encoding_bytes_per_pixel(format_of(spec)));
  }
  return request.admit(kBaseBytes + request.source.size() + decoding_bytes + largest);
}

Result<Thumbnails> make_renditions(Decoded decoded, const std::vector<RenditionSpec>& specs,
                                   const std::vector<FormatEncoder>& encoders,
                                   ProfileCache& profiles) {
  const auto transform = profiles.find(decoded.profile, decoded.picture.model);
  RenditionMaker maker(std::move(decoded.picture), decoded.size, transform.get(), encoders);
  Thumbnails thumbnails;
  thumbnails.source_size = decoded.size;
  thumbnails.renditions.resize(specs.size());
  for (const std::size_t i : largest_first(decoded.size, specs)) {
    ASSIGN_OR_RETURN(thumbnails.renditions[i], maker.make(specs[i]));
  }
  return thumbnails;
}

}  // namespace thumbmill::planar
