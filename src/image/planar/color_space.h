// What files say of their colours in numbers, and ICC profiles that say the same, so that there is
// one way from any source's colours to sRGB (color.h). Colours for screens brighter than sRGB's
// have no profile that would do: hdr_to_srgb.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace thumbmill::planar {

/// CIE 1931 chromaticities.
struct Chromaticity {
  double x = 0;
  double y = 0;
};

struct Primaries {
  Chromaticity red, green, blue, white;
};

/// Code points of ITU-T H.273, as `nclx` in HEIF and AVIF and cICP in PNG have them.
struct Cicp {
  static constexpr std::uint8_t kUnspecified = 2;

  std::uint8_t primaries = kUnspecified;  ///< table 2
  std::uint8_t transfer = kUnspecified;   ///< table 3
};

/// Whether the transfer is PQ (16) or HLG (18).
bool is_hdr(const Cicp& cicp);

/// The primaries of table 2; nothing for a code that is reserved, unspecified or not of RGB.
std::optional<Primaries> primaries_of(std::uint8_t code);

/// An ICC profile of the colours; empty where they are sRGB's or cannot be told (then they count as
/// sRGB's), and where is_hdr().
std::string profile_of(const Cicp& cicp);

/// An ICC profile of RGB with these primaries, sRGB's without, whose linear light is the sample to
/// the power of `exponent`; without one, by sRGB's curve. Empty where they make no sense: an
/// exponent outside 0.1 to 10, primaries that span no triangle or do not contain the white.
std::string profile_of(const std::optional<Primaries>& primaries, std::optional<double> exponent);

/// The same for a picture in grey, which has no primaries.
std::string grey_profile_of(double exponent);

}  // namespace thumbmill::planar
