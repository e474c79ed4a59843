#include "image/planar/linear_light.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <type_traits>

#include <lcms2.h>

namespace thumbmill::planar {
namespace {

constexpr std::size_t kLevels = 4096;
// A profile larger than this has tables, not curves.
constexpr std::size_t kLargestProfile = 64 << 10;

struct DeleteContext {
  void operator()(cmsContext context) const { cmsDeleteContext(context); }
};
using Context = std::unique_ptr<std::remove_pointer_t<cmsContext>, DeleteContext>;

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

struct FreeCurve {
  void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, FreeCurve>;

void say_nothing(cmsContext, cmsUInt32Number, const char*) {}

// sRGB's, in the form that Little CMS calls type 4.
Curve srgb_curve(cmsContext context) {
  const double parameters[] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
  return Curve(cmsBuildParametricToneCurve(context, 4, parameters));
}

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
  const Context context(cmsCreateContext(nullptr, nullptr));
  if (context == nullptr) return std::nullopt;
  cmsSetLogErrorHandlerTHR(context.get(), say_nothing);
  const Profile opened(cmsOpenProfileFromMemTHR(context.get(), profile.data(),
                                                static_cast<cmsUInt32Number>(profile.size())));
  if (opened == nullptr || !is_linear(opened.get(), model)) return std::nullopt;
  const Curve curve = srgb_curve(context.get());
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
