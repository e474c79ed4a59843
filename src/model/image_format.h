// Image formats by name, media type and magic bytes. The sniffer is the only code outside the
// decoder processes that looks at an image's bytes, and it reads a fixed prefix and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace thumbmill {

/// Values are rows of the table of formats, and go to decoder processes: new ones come last.
enum class ImageFormat {
  jpeg,
  png,
  webp,
  gif,
  tiff,
  heic,
  avif,
  bmp,
  ico,
  pnm,
  svg,
  jxl,
  jp2,
  tga,
  psd
};

/// The one with the highest value.
inline constexpr ImageFormat kLastImageFormat = ImageFormat::psd;

/// What is fixed about a format.
struct ImageFormatInfo {
  ImageFormat format;
  std::string_view name;        ///< in settings, JSON and metrics: "jpeg"
  std::string_view media_type;  ///< RFC 6838 type: "image/jpeg"
  std::string_view extension;   ///< without the dot, as in rendition keys: "jpg"
  bool can_decode;              ///< accepted as an upload
  bool can_encode;              ///< may be asked for as a rendition's format
};

/// The row of `format`; always there.
const ImageFormatInfo& image_format_info(ImageFormat format);

/// The names of the formats that may be asked for, for messages: "jpeg, png, ...".
std::string encodable_formats();

/// By name; "jpg" and "tif" are taken too.
std::optional<ImageFormat> image_format_from_name(std::string_view name);

/// By file extension, as it stands in a rendition's key.
std::optional<ImageFormat> image_format_from_extension(std::string_view extension);

/// How many bytes from the start sniff_image_format can make use of.
inline constexpr std::size_t kSniffBytes = 64;

/// The format that the first bytes of a file announce, or nothing. Never reads past `head`; a
/// shorter head than kSniffBytes is a shorter file. Recognising a format does not mean that we
/// decode it: see can_decode.
std::optional<ImageFormat> sniff_image_format(std::string_view head);

}  // namespace thumbmill
