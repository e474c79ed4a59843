// What a PNG says of its colours, in five chunks of which the first counts that can be used: cICP,
// iCCP, sRGB, then gAMA with or without cHRM (PNG 3rd edition 4.3, 11.3.2); and cLLI, how bright
// its brightest pixel is. Where the standard leaves a choice, or a file breaks it, Chromium's way
// is taken: docs/png-kernel.md. Does not convert any colours. Internal to image/png; pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "image/planar/color_space.h"
#include "image/planar/hdr_to_srgb.h"

namespace thumbmill {

/// The chunks, of each the first that is well-formed. Views borrow the file.
struct PngColorChunks {
  std::optional<planar::Cicp> cicp;            ///< of full-range RGB with known code points
  std::string_view profile;                    ///< iCCP: a name and a compressed profile
  bool srgb = false;                           ///< sRGB, with any of its four intents
  std::optional<std::uint32_t> gamma;          ///< gAMA, times 100,000; not 0
  std::optional<planar::Primaries> primaries;  ///< cHRM
  std::optional<double> peak;  ///< cLLI: the brightest light, in candela a square metre; not 0
};

/// Whether take_color_chunk() would look at the chunk: its CRC need be checked only then.
bool is_color_chunk(std::string_view type);

/// Keeps `data` in `chunks` if `type` is one of the six and it is well-formed; else changes
/// nothing. The caller has checked the CRC and that the chunk stands in front of the image data.
void take_color_chunk(std::string_view type, std::string_view data, PngColorChunks& chunks);

/// The colours of a picture.
struct PngColors {
  std::string profile;               ///< ICC, of RGB or grey; empty: sRGB, or hdr
  std::optional<planar::Cicp> hdr;   ///< PQ or HLG; then there is no profile
  double peak = planar::kUsualPeak;  ///< of hdr: the brightest light, in candela a square metre

  /// Whether the profile is one of RGB, whatever the picture is.
  bool is_rgb() const;
};

/// `grey` says that the picture is grey: a profile of grey is then of use. A compressed profile
/// that is damaged, or takes more than 4 MiB, counts as not there.
PngColors png_colors(const PngColorChunks& chunks, bool grey);

}  // namespace thumbmill
