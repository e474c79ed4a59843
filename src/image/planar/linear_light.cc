#include "image/planar/linear_light.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "image/planar/lcms_handles.h"

namespace thumbmill::planar {
namespace {

constexpr std::size_t kLevels = 4096;
// A profile larger than this has tables, not curves.
constexpr std::size_t kLargestProfile = 64 << 10;

std::vector<cmsTagSignature> curves_of(ColorModel model) {
  if (model == ColorModel::grey) return {cmsSigGrayTRCTag};
  return {cmsSigRedTRCTag, cmsSigGreenTRCTag, cmsSigBlueTRCTag};
}

bool is_linear(cmsHPROFILE profile, ColorModel model) {
  const bool grey = model == ColorModel::grey;
  if (cmsGetColorSpace(profile) != (grey ? cmsSigGrayData : cmsSigRgbData)) return false;
  // These would be used instead of the curves.
  for (const cmsTagSignature table :
       {cmsSigAToB0Tag, cmsSigAToB1Tag, cmsSigDToB0Tag, cmsSigDToB1Tag}) {
    if (cmsIsTag(profile, table) != 0) return false;
  }
  for (const cmsTagSignature tag : curves_of(model)) {
    const auto* curve = static_cast<const cmsToneCurve*>(cmsReadTag(profile, tag));
    if (curve == nullptr || cmsIsToneCurveLinear(curve) == 0) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> with_srgb_curve(const std::string& profile, ColorModel model) {
  if (profile.empty() || profile.size() > kLargestProfile) return std::nullopt;
  if (model != ColorModel::grey && model != ColorModel::rgb) return std::nullopt;
  const lcms::Context context = lcms::make_context();
  if (context == nullptr) return std::nullopt;
  const lcms::Profile opened = lcms::open_profile(context.get(), profile);
  if (opened == nullptr || !is_linear(opened.get(), model)) return std::nullopt;
  const lcms::Curve curve = lcms::srgb_curve(context.get());
  for (const cmsTagSignature tag : curves_of(model)) {
    if (cmsWriteTag(opened.get(), tag, curve.get()) == 0) return std::nullopt;
  }
  cmsUInt32Number size = 0;
  if (cmsSaveProfileToMem(opened.get(), nullptr, &size) == 0) return std::nullopt;
  std::string changed(size, '\0');
  if (cmsSaveProfileToMem(opened.get(), changed.data(), &size) == 0) return std::nullopt;
  return changed;
}

LinearToSrgbCurve::LinearToSrgbCurve() : levels_(kLevels + 1) {
  for (std::size_t i = 0; i <= kLevels; ++i) {
    const double root = static_cast<double>(i) / kLevels;
    const double linear = root * root;
    levels_[i] = static_cast<float>(
        linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055);
  }
}

void LinearToSrgbCurve::convert(float* rgb, std::size_t pixels) const {
  for (std::size_t i = 0; i < pixels * 3; ++i) {
    const float linear = std::clamp(rgb[i], 0.0f, 1.0f);
    rgb[i] = levels_[static_cast<std::size_t>(std::sqrt(linear) * kLevels + 0.5f)];
  }
}

}  // namespace thumbmill::planar
