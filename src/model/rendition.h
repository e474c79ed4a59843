// Renditions: what is to be made of an upload, and the arithmetic from a source's size to the
// rendition's. Values only; no pixels are touched here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/image_format.h"

namespace thumbmill {

/// How a source is fitted into the box (as CSS object-fit and sharp name them).
enum class Fit {
  inside,   ///< whole image, aspect kept, within the box
  cover,    ///< fills the box, aspect kept, the rest cropped from the centre; with a side that
            ///< follows, the same as inside
  contain,  ///< whole image, aspect kept, padded to exactly the box
  fill,     ///< exactly the box, aspect not kept
};

std::string_view fit_name(Fit fit);
std::optional<Fit> fit_from_name(std::string_view name);

/// An opaque sRGB colour.
struct Color {
  std::uint8_t red = 255;
  std::uint8_t green = 255;
  std::uint8_t blue = 255;
  bool operator==(const Color&) const = default;
};

/// "#rrggbb" in lower case, and back ("#rgb" is taken too, the "#" may be missing).
std::string color_to_string(Color color);
std::optional<Color> color_from_string(std::string_view text);

/// One rendition as asked for.
struct RenditionSpec {
  std::string name = "thumb";     ///< [a-z0-9][a-z0-9_-]{0,31}; unique within a job
  std::uint32_t width_px = 200;   ///< of the box, at most kMaxRenditionSide; 0: follows the height
  std::uint32_t height_px = 200;  ///< of the box, at most kMaxRenditionSide; 0: follows the width
  Fit fit = Fit::inside;
  std::optional<ImageFormat> format =
      {};                                ///< nothing: JPEG, or PNG when the image has transparency
  int quality = 80;                      ///< 1 to 100; of no effect on PNG
  std::optional<Color> background = {};  ///< flattens transparency and pads `contain`; nothing:
                                         ///< keep transparency where the format can, else white
  bool enlarge = false;                  ///< whether a small source may be scaled up

  bool operator==(const RenditionSpec&) const = default;
};

inline constexpr std::uint32_t kMaxRenditionSide = 8192;
inline constexpr std::size_t kMaxRenditionsPerJob = 8;

/// True for a name that may become part of a key and of a URL.
bool is_rendition_name(std::string_view name);

/// "200x100", "200" (a square box), "200x" and "x100" (the other side follows, at the same aspect).
Status parse_size(std::string_view text, RenditionSpec& spec);

/// Sets one field from text, as it comes in a form, a query, a file or a flag: `option` is size,
/// fit, format, quality, background or enlarge. invalid_argument naming what is allowed; not_found
/// for another option.
Status set_rendition_option(std::string_view option, std::string_view value, RenditionSpec& spec);

/// ok when every field is in range; otherwise invalid_argument naming the field and the range.
Status validate(const RenditionSpec& spec);

/// The same for a job's list: at least one, at most kMaxRenditionsPerJob, names unique.
Status validate(const std::vector<RenditionSpec>& specs);

struct SizePx {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const SizePx&) const = default;
};

/// Where a source of a given size goes: it is scaled to `scaled`, of which the centred part of size
/// `crop` is kept, which is put in the centre of a canvas of size `canvas`. Without cropping or
/// padding the three are equal.
struct FitPlan {
  SizePx scaled;
  SizePx crop;
  SizePx canvas;
  bool operator==(const FitPlan&) const = default;
};

/// The plan for an upright source (orientation applied), every side >= 1. Sides are rounded to the
/// nearest pixel and never below 1.
FitPlan plan_fit(SizePx source, const RenditionSpec& spec);

}  // namespace thumbmill
