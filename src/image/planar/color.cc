#include "image/planar/color.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

#include "image/planar/lcms_handles.h"

namespace thumbmill::planar {
namespace {

constexpr std::size_t kKeptTransforms = 8;
// A profile larger than this is none of a photo's.
constexpr std::size_t kMaxProfile = 4 << 20;

// Of 255: smaller changes are those of rounding.
constexpr int kInvisible = 1;

std::uint8_t to_byte(std::int32_t value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// Rows of the four planes at most that a pixel is made of, and the factors of ycbcr.
struct Row {
  const std::uint8_t* planes[4] = {};
  std::size_t width = 0;
};

// T.871 section 7, for any weights, with 16 fractional bits.
struct YcbcrFactors {
  std::int32_t red_of_cr, green_of_cb, green_of_cr, blue_of_cb;
};

YcbcrFactors factors_of(const LumaWeights& weights) {
  const double green = 1 - weights.red - weights.blue;
  const auto fixed = [](double value) {
    return static_cast<std::int32_t>(std::lround(value * 65536));
  };
  return {fixed(2 * (1 - weights.red)), fixed(2 * weights.blue * (1 - weights.blue) / green),
          fixed(2 * weights.red * (1 - weights.red) / green), fixed(2 * (1 - weights.blue))};
}

void ycbcr_row(const Row& row, const YcbcrFactors& factors, std::uint8_t* out) {
  for (std::size_t x = 0; x < row.width; ++x) {
    const std::int32_t y = row.planes[0][x] * 65536 + 32768;
    const std::int32_t cb = row.planes[1][x] - 128;
    const std::int32_t cr = row.planes[2][x] - 128;
    out[3 * x] = to_byte((y + factors.red_of_cr * cr) >> 16);
    out[3 * x + 1] = to_byte((y - factors.green_of_cb * cb - factors.green_of_cr * cr) >> 16);
    out[3 * x + 2] = to_byte((y + factors.blue_of_cb * cb) >> 16);
  }
}

void cmyk_row(const Row& row, std::uint8_t* out) {
  for (std::size_t x = 0; x < row.width; ++x) {
    const int light = 255 - row.planes[3][x];
    for (std::size_t c = 0; c < 3; ++c) {
      out[3 * x + c] = to_byte(((255 - row.planes[c][x]) * light + 127) / 255);
    }
  }
}

void copy_row(const Row& row, std::uint8_t* out) {
  for (std::size_t x = 0; x < row.width; ++x) {
    for (std::size_t c = 0; c < 3; ++c) out[3 * x + c] = row.planes[c][x];
  }
}

// Of a colour that was multiplied by alpha, which is not 0.
std::uint8_t divided(std::uint8_t value, std::uint8_t alpha) {
  return to_byte((value * 255 + alpha / 2) / alpha);
}

void add_alpha_row(const std::uint8_t* rgb, const std::uint8_t* alpha, std::size_t width,
                   std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x, rgb += 3, out += 4) {
    for (std::size_t c = 0; c < 3; ++c) out[c] = alpha[x] == 0 ? 0 : divided(rgb[c], alpha[x]);
    out[3] = alpha[x];
  }
}

struct DeleteTransform {
  void operator()(void* transform) const { cmsDeleteTransform(transform); }
};

}  // namespace

Pixels to_rgb(const Picture& picture) {
  const Plane& first = picture.planes.front();
  Pixels pixels;
  pixels.size = {static_cast<std::uint32_t>(first.width), static_cast<std::uint32_t>(first.height)};
  pixels.channels = picture.has_alpha ? 4 : 3;
  const std::size_t stride = first.width * pixels.channels;
  pixels.bytes.resize(first.height * stride);
  const bool grey = picture.model == ColorModel::grey;
  const YcbcrFactors factors = factors_of(picture.weights);
  std::vector<std::uint8_t> opaque(picture.has_alpha ? first.width * 3 : 0);
  for (std::size_t y = 0; y < first.height; ++y) {
    std::uint8_t* const out = pixels.bytes.data() + y * stride;
    std::uint8_t* const rgb = picture.has_alpha ? opaque.data() : out;
    Row row;
    row.width = first.width;
    const std::size_t count = picture.model == ColorModel::cmyk ? 4 : 3;
    for (std::size_t i = 0; i < count; ++i) row.planes[i] = picture.planes[grey ? 0 : i].row(y);
    if (picture.model == ColorModel::ycbcr) {
      ycbcr_row(row, factors, rgb);
    } else if (picture.model == ColorModel::cmyk) {
      cmyk_row(row, rgb);
    } else {
      copy_row(row, rgb);
    }
    if (picture.has_alpha) add_alpha_row(rgb, picture.planes.back().row(y), first.width, out);
  }
  return pixels;
}

Pixels to_srgb(const Picture& picture, const ProfileTransform* transform) {
  if (transform != nullptr && picture.model == ColorModel::cmyk) return transform->apply(picture);
  Pixels pixels = to_rgb(picture);
  if (transform != nullptr) transform->apply(pixels);
  return pixels;
}

Pixels flattened(Pixels pixels, Color background) {
  if (pixels.channels == 3) return pixels;
  const std::uint8_t behind[] = {background.red, background.green, background.blue};
  Pixels opaque{pixels.size, 3, {}};
  opaque.bytes.reserve(pixels.bytes.size() / 4 * 3);
  for (std::size_t i = 0; i < pixels.bytes.size(); i += 4) {
    const int alpha = pixels.bytes[i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const int mixed = pixels.bytes[i + c] * alpha + behind[c] * (255 - alpha);
      opaque.bytes.push_back(static_cast<std::uint8_t>((mixed + 127) / 255));
    }
  }
  return opaque;
}

struct ProfileTransform::State {
  // In this order: the transform lives in the context.
  lcms::Context context;
  std::unique_ptr<void, DeleteTransform> transform;
  ColorModel model = ColorModel::rgb;
  bool identity = false;
};

ProfileTransform::ProfileTransform(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProfileTransform::~ProfileTransform() = default;

bool ProfileTransform::is_identity() const { return state_->identity; }

void ProfileTransform::apply(Pixels& pixels) const {
  if (pixels.channels == 4) {
    Pixels opaque{pixels.size, 3, {}};
    for (std::size_t i = 0; i < pixels.bytes.size(); i += 4) {
      opaque.bytes.insert(opaque.bytes.end(), pixels.bytes.begin() + static_cast<std::ptrdiff_t>(i),
                          pixels.bytes.begin() + static_cast<std::ptrdiff_t>(i + 3));
    }
    apply(opaque);
    for (std::size_t i = 0, j = 0; i < pixels.bytes.size(); i += 4, j += 3) {
      std::copy_n(opaque.bytes.begin() + static_cast<std::ptrdiff_t>(j), 3,
                  pixels.bytes.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return;
  }
  const std::size_t count = pixels.bytes.size() / 3;
  if (state_->model != ColorModel::grey) {
    cmsDoTransform(state_->transform.get(), pixels.bytes.data(), pixels.bytes.data(),
                   static_cast<cmsUInt32Number>(count));
    return;
  }
  std::vector<std::uint8_t> levels(count);
  for (std::size_t i = 0; i < count; ++i) levels[i] = pixels.bytes[3 * i];
  cmsDoTransform(state_->transform.get(), levels.data(), pixels.bytes.data(),
                 static_cast<cmsUInt32Number>(count));
}

Pixels ProfileTransform::apply(const Picture& inks) const {
  const Plane& first = inks.planes.front();
  Pixels pixels{{static_cast<std::uint32_t>(first.width), static_cast<std::uint32_t>(first.height)},
                3,
                std::vector<std::uint8_t>(first.width * first.height * 3)};
  std::vector<std::uint8_t> row(first.width * 4);
  for (std::size_t y = 0; y < first.height; ++y) {
    for (std::size_t x = 0; x < first.width; ++x) {
      for (std::size_t i = 0; i < 4; ++i) row[4 * x + i] = inks.planes[i].row(y)[x];
    }
    cmsDoTransform(state_->transform.get(), row.data(), pixels.bytes.data() + y * first.width * 3,
                   static_cast<cmsUInt32Number>(first.width));
  }
  return pixels;
}

namespace {

// What Little CMS calls a model's profiles and its pixels.
struct ModelNames {
  cmsColorSpaceSignature space;
  cmsUInt32Number pixels;
};

ModelNames names_of(ColorModel model) {
  switch (model) {
    case ColorModel::grey:
      return {cmsSigGrayData, TYPE_GRAY_8};
    case ColorModel::cmyk:
      // TYPE_CMYK_8 takes 0 for no ink, as planes do.
      return {cmsSigCmykData, TYPE_CMYK_8};
    default:
      return {cmsSigRgbData, TYPE_RGB_8};
  }
}

// Whether a grid of colours stays what it was.
bool changes_nothing(const ProfileTransform& transform) {
  Pixels grid;
  constexpr int kStep = 15;
  for (int r = 0; r <= 255; r += kStep) {
    for (int g = 0; g <= 255; g += kStep) {
      for (int b = 0; b <= 255; b += kStep) {
        for (const int value : {r, g, b}) grid.bytes.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  Pixels after = grid;
  transform.apply(after);
  return std::equal(grid.bytes.begin(), grid.bytes.end(), after.bytes.begin(),
                    [](int a, int b) { return std::abs(a - b) <= kInvisible; });
}

std::shared_ptr<const ProfileTransform> make_transform(const std::string& bytes, ColorModel model) {
  auto state = std::make_unique<ProfileTransform::State>();
  state->model = model;
  state->context = lcms::make_context();
  if (state->context == nullptr) return nullptr;
  std::remove_pointer_t<cmsContext>* const context = state->context.get();
  const lcms::Profile source = lcms::open_profile(context, bytes);
  const lcms::Profile srgb(cmsCreate_sRGBProfileTHR(context));
  if (source == nullptr || srgb == nullptr) return nullptr;
  const ModelNames names = names_of(model);
  if (cmsGetColorSpace(source.get()) != names.space) return nullptr;
  // Without its cache of the latest pixel a transform may be used by several threads.
  state->transform.reset(cmsCreateTransformTHR(context, source.get(), names.pixels, srgb.get(),
                                               TYPE_RGB_8, INTENT_RELATIVE_COLORIMETRIC,
                                               cmsFLAGS_NOCACHE | cmsFLAGS_BLACKPOINTCOMPENSATION));
  if (state->transform == nullptr) return nullptr;
  ProfileTransform::State& kept = *state;
  auto made = std::make_shared<const ProfileTransform>(std::move(state));
  kept.identity = names.space == cmsSigRgbData && changes_nothing(*made);
  return made;
}

}  // namespace

ProfileCache::ProfileCache() = default;
ProfileCache::~ProfileCache() = default;

std::shared_ptr<const ProfileTransform> ProfileCache::find(const std::string& profile,
                                                           ColorModel model) {
  if (profile.empty() || profile.size() > kMaxProfile) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.model == model && entry.profile == profile;
  });
  if (known != entries_.end()) {
    std::rotate(known, known + 1, entries_.end());
    return entries_.back().transform;
  }
  if (entries_.size() == kKeptTransforms) entries_.erase(entries_.begin());
  entries_.push_back({profile, model, make_transform(profile, model)});
  return entries_.back().transform;
}

}  // namespace thumbmill::planar
