// Owners of Little CMS's objects. Internal to image/planar.
#pragma once

#include <memory>
#include <string>
#include <type_traits>

#include <lcms2.h>

namespace thumbmill::planar::lcms {

struct DeleteContext {
  void operator()(cmsContext context) const { cmsDeleteContext(context); }
};
/// One that writes no messages; it outlives what is made in it.
using Context = std::unique_ptr<std::remove_pointer_t<cmsContext>, DeleteContext>;

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

struct FreeCurve {
  void operator()(cmsToneCurve* curve) const { cmsFreeToneCurve(curve); }
};
using Curve = std::unique_ptr<cmsToneCurve, FreeCurve>;

/// Null when there is no memory.
inline Context make_context() {
  Context context(cmsCreateContext(nullptr, nullptr));
  if (context != nullptr) {
    cmsSetLogErrorHandlerTHR(context.get(), [](cmsContext, cmsUInt32Number, const char*) {});
  }
  return context;
}

/// Null when the bytes are no profile. They are copied.
inline Profile open_profile(cmsContext context, const std::string& bytes) {
  return Profile(
      cmsOpenProfileFromMemTHR(context, bytes.data(), static_cast<cmsUInt32Number>(bytes.size())));
}

/// y = ((x + a) / (1 + a)) ^ gamma above `cut`, x / slope below it: what Little CMS calls type 4.
inline Curve broken_curve(cmsContext context, double gamma, double a, double slope, double cut) {
  const double parameters[] = {gamma, 1 / (1 + a), a / (1 + a), 1 / slope, cut};
  return Curve(cmsBuildParametricToneCurve(context, 4, parameters));
}

/// IEC 61966-2-1 5.2.
inline Curve srgb_curve(cmsContext context) {
  return broken_curve(context, 2.4, 0.055, 12.92, 0.04045);
}

}  // namespace thumbmill::planar::lcms
