#include "image/planar/color_space.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "image/planar/lcms_handles.h"

namespace thumbmill::planar {
namespace {

// H.273 table 3.
constexpr std::uint8_t kBt709 = 1, kGamma22 = 4, kGamma28 = 5, kBt601 = 6, kSmpte240 = 7,
                       kLinear = 8, kXvYcc = 11, kBt1361 = 12, kSrgb = 13, kBt2020of10 = 14,
                       kBt2020of12 = 15, kPq = 16, kSmpte428 = 17, kHlg = 18;

constexpr Primaries kBt709Primaries{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}, {0.3127, 0.3290}};

using lcms::Curve;
using lcms::make_context;
using lcms::Profile;
using lcms::srgb_curve;

Curve power_curve(cmsContext context, double exponent) {
  return Curve(cmsBuildGamma(context, exponent));
}

// From samples to linear light. Null: as sRGB.
//
// BT.709's formula describes a camera. What is coded with it is meant for a screen that shows it
// much as sRGB is shown, and browsers take it for sRGB.
Curve curve_of(cmsContext context, std::uint8_t transfer) {
  switch (transfer) {
    case kGamma22:
      return power_curve(context, 2.2);
    case kGamma28:
      return power_curve(context, 2.8);
    case kSmpte240:
      return lcms::broken_curve(context, 1 / 0.45, 0.1115, 4.0, 4.0 * 0.0228);
    case kLinear:
      return power_curve(context, 1);
    case kSmpte428: {
      // 52.37 / 48 x^2.6; white is at 48 candela a square metre.
      return power_curve(context, 2.6);
    }
    default:
      return nullptr;
  }
}

bool counts_as_srgb(std::uint8_t transfer) {
  switch (transfer) {
    case kBt709:
    case kBt601:
    case kXvYcc:
    case kBt1361:
    case kSrgb:
    case kBt2020of10:
    case kBt2020of12:
    case Cicp::kUnspecified:
      return true;
    default:
      return false;
  }
}

// Profiles are compared by their bytes (ProfileCache), of which these are a date (ICC.1:2010 7.2).
void remove_date(std::string& profile) {
  constexpr std::size_t kAt = 24;
  constexpr std::size_t kSize = 12;
  if (profile.size() >= kAt + kSize) std::fill_n(profile.begin() + kAt, kSize, '\0');
}

std::string bytes_of(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  if (profile == nullptr || cmsSaveProfileToMem(profile, nullptr, &size) == 0) return {};
  std::string bytes(size, '\0');
  if (cmsSaveProfileToMem(profile, bytes.data(), &size) == 0) return {};
  remove_date(bytes);
  return bytes;
}

bool is_inside(const Primaries& p) {
  const auto side = [&](Chromaticity a, Chromaticity b) {
    return (b.x - a.x) * (p.white.y - a.y) - (b.y - a.y) * (p.white.x - a.x);
  };
  const double sides[] = {side(p.red, p.green), side(p.green, p.blue), side(p.blue, p.red)};
  constexpr double kLeast = 1e-4;
  return std::all_of(std::begin(sides), std::end(sides), [](double s) { return s > kLeast; }) ||
         std::all_of(std::begin(sides), std::end(sides), [](double s) { return s < -kLeast; });
}

bool makes_sense(const Primaries& p) {
  const auto in_range = [](Chromaticity c) {
    return c.x >= -1 && c.x <= 2 && c.y >= -1 && c.y <= 2;
  };
  return in_range(p.red) && in_range(p.green) && in_range(p.blue) && p.white.x > 0.01 &&
         p.white.y > 0.01 && p.white.x < 1 && p.white.y < 1 && is_inside(p);
}

std::string rgb_profile(cmsContext context, const Primaries& p, cmsToneCurve* curve) {
  if (curve == nullptr || !makes_sense(p)) return {};
  const cmsCIExyY white{p.white.x, p.white.y, 1};
  const cmsCIExyYTRIPLE primaries{
      {p.red.x, p.red.y, 1}, {p.green.x, p.green.y, 1}, {p.blue.x, p.blue.y, 1}};
  cmsToneCurve* const curves[] = {curve, curve, curve};
  const Profile profile(cmsCreateRGBProfileTHR(context, &white, &primaries, curves));
  return bytes_of(profile.get());
}

bool is_exponent(double exponent) { return exponent >= 0.1 && exponent <= 10; }

}  // namespace

bool is_hdr(const Cicp& cicp) { return cicp.transfer == kPq || cicp.transfer == kHlg; }

std::optional<Primaries> primaries_of(std::uint8_t code) {
  constexpr Chromaticity kD65{0.3127, 0.3290};
  constexpr Chromaticity kC{0.310, 0.316};
  switch (code) {
    case 1:
      return kBt709Primaries;
    case 4:
      return Primaries{{0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}, kC};
    case 5:
      return Primaries{{0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}, kD65};
    case 6:
    case 7:
      return Primaries{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}, kD65};
    case 8:
      return Primaries{{0.681, 0.319}, {0.243, 0.692}, {0.145, 0.049}, kC};
    case 9:
      return Primaries{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}, kD65};
    case 11:
      return Primaries{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, {0.314, 0.351}};
    case 12:
      return Primaries{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}, kD65};
    case 22:
      return Primaries{{0.630, 0.340}, {0.295, 0.605}, {0.155, 0.077}, kD65};
    default:
      return std::nullopt;
  }
}

std::string profile_of(const Cicp& cicp) {
  if (is_hdr(cicp)) return {};
  const lcms::Context context = make_context();
  if (context == nullptr) return {};
  const auto primaries = primaries_of(cicp.primaries);
  Curve curve = curve_of(context.get(), cicp.transfer);
  if (curve == nullptr && !counts_as_srgb(cicp.transfer)) return {};
  const bool plain = !primaries || cicp.primaries == 1;
  if (curve == nullptr && plain) return {};
  if (curve == nullptr) curve = srgb_curve(context.get());
  return rgb_profile(context.get(), primaries.value_or(kBt709Primaries), curve.get());
}

std::string profile_of(const std::optional<Primaries>& primaries, std::optional<double> exponent) {
  if ((!primaries && !exponent) || (exponent && !is_exponent(*exponent))) return {};
  const lcms::Context context = make_context();
  if (context == nullptr) return {};
  const Curve curve = exponent ? power_curve(context.get(), *exponent) : srgb_curve(context.get());
  return rgb_profile(context.get(), primaries.value_or(kBt709Primaries), curve.get());
}

std::string grey_profile_of(double exponent) {
  if (!is_exponent(exponent)) return {};
  const lcms::Context context = make_context();
  if (context == nullptr) return {};
  const Curve curve = power_curve(context.get(), exponent);
  if (curve == nullptr) return {};
  const cmsCIExyY white{kBt709Primaries.white.x, kBt709Primaries.white.y, 1};
  const Profile profile(cmsCreateGrayProfileTHR(context.get(), &white, curve.get()));
  return bytes_of(profile.get());
}

}  // namespace thumbmill::planar
