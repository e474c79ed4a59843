#include "image/jxl/colors.h"

#include <optional>

#include <jxl/version.h>

#include "image/planar/color_space.h"
#include "image/planar/hdr_to_srgb.h"
#include "image/planar/linear_light.h"

namespace thumbmill::jxl {
namespace {

using planar::Cicp;

constexpr std::size_t kMostProfileBytes = 4 << 20;  // as ProfileCache

// Version 0.9 took a parameter of these away.
#if JPEGXL_NUMERIC_VERSION < JPEGXL_COMPUTE_NUMERIC_VERSION(0, 9, 0)
#define THUMBMILL_JXL_FORMAT nullptr,
#else
#define THUMBMILL_JXL_FORMAT
#endif

std::optional<JxlColorEncoding> encoding_of(const JxlDecoder* decoder,
                                            JxlColorProfileTarget target) {
  JxlColorEncoding encoding{};
  if (JxlDecoderGetColorAsEncodedProfile(decoder, THUMBMILL_JXL_FORMAT target, &encoding) !=
      JXL_DEC_SUCCESS) {
    return std::nullopt;
  }
  return encoding;
}

std::string profile_of(const JxlDecoder* decoder) {
  constexpr JxlColorProfileTarget kTarget = JXL_COLOR_PROFILE_TARGET_DATA;
  std::size_t size = 0;
  if (JxlDecoderGetICCProfileSize(decoder, THUMBMILL_JXL_FORMAT kTarget, &size) !=
          JXL_DEC_SUCCESS ||
      size > kMostProfileBytes) {
    return {};
  }
  std::string profile(size, '\0');
  if (JxlDecoderGetColorAsICCProfile(decoder, THUMBMILL_JXL_FORMAT kTarget,
                                     reinterpret_cast<std::uint8_t*>(profile.data()),
                                     size) != JXL_DEC_SUCCESS) {
    return {};
  }
  return profile;
}

#undef THUMBMILL_JXL_FORMAT

bool is_srgb_primaries(const JxlColorEncoding& encoding) {
  return encoding.white_point == JXL_WHITE_POINT_D65 && encoding.primaries == JXL_PRIMARIES_SRGB;
}

planar::Primaries primaries_of(const JxlColorEncoding& e) {
  const auto point = [](const double* xy) { return planar::Chromaticity{xy[0], xy[1]}; };
  return {point(e.primaries_red_xy), point(e.primaries_green_xy), point(e.primaries_blue_xy),
          point(e.white_point_xy)};
}

// H.273's numbers are libjxl's, but for P3 with the white of screens.
Cicp cicp_of(const JxlColorEncoding& encoding) {
  Cicp cicp;
  cicp.transfer = static_cast<std::uint8_t>(encoding.transfer_function);
  if (encoding.color_space == JXL_COLOR_SPACE_GRAY || encoding.primaries == JXL_PRIMARIES_CUSTOM) {
    return cicp;
  }
  constexpr std::uint8_t kDisplayP3 = 12;
  const bool is_display_p3 =
      encoding.primaries == JXL_PRIMARIES_P3 && encoding.white_point == JXL_WHITE_POINT_D65;
  cicp.primaries = is_display_p3 ? kDisplayP3 : static_cast<std::uint8_t>(encoding.primaries);
  return cicp;
}

JxlColorEncoding srgb(bool grey) {
  JxlColorEncoding encoding{};
  encoding.color_space = grey ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB;
  encoding.white_point = JXL_WHITE_POINT_D65;
  encoding.primaries = JXL_PRIMARIES_SRGB;
  encoding.transfer_function = JXL_TRANSFER_FUNCTION_SRGB;
  encoding.rendering_intent = JXL_RENDERING_INTENT_RELATIVE;
  return encoding;
}

}  // namespace

Colors choose_colors(JxlDecoder* decoder, const JxlBasicInfo& info) {
  const bool grey = info.num_color_channels == 1;
  const auto original = encoding_of(decoder, JXL_COLOR_PROFILE_TARGET_ORIGINAL);
  const bool in_xyb = info.uses_original_profile == JXL_FALSE;
  if (in_xyb && (!original || original->transfer_function == JXL_TRANSFER_FUNCTION_LINEAR)) {
    const JxlColorEncoding wanted = srgb(grey);
    JxlDecoderSetPreferredColorProfile(decoder, &wanted);  // what comes of it is asked for below
  }
  const auto encoding = encoding_of(decoder, JXL_COLOR_PROFILE_TARGET_DATA);
  Colors colors;
  if (!encoding) {
    colors.profile = profile_of(decoder);
    const auto model = grey ? planar::ColorModel::grey : planar::ColorModel::rgb;
    if (auto curved = planar::with_srgb_curve(colors.profile, model)) {
      colors.profile = *std::move(curved);
      colors.conversion = std::make_unique<planar::LinearToSrgbCurve>();
    }
    return colors;
  }
  const bool plain = grey || is_srgb_primaries(*encoding);
  switch (encoding->transfer_function) {
    case JXL_TRANSFER_FUNCTION_PQ:
    case JXL_TRANSFER_FUNCTION_HLG:
      colors.conversion = std::make_unique<planar::HdrToSrgb>(cicp_of(*encoding));
      break;
    case JXL_TRANSFER_FUNCTION_LINEAR:
      colors.conversion = std::make_unique<planar::LinearToSrgbCurve>();
      if (!plain) colors.profile = planar::profile_of(primaries_of(*encoding), std::nullopt);
      break;
    case JXL_TRANSFER_FUNCTION_SRGB:
    case JXL_TRANSFER_FUNCTION_709:  // as everywhere: color_space.h
      if (!plain) colors.profile = planar::profile_of(primaries_of(*encoding), std::nullopt);
      break;
    default:
      colors.profile = profile_of(decoder);
  }
  return colors;
}

}  // namespace thumbmill::jxl
