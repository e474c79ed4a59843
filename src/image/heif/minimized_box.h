// The syntax of the "mini" box, the low-overhead image file format (MinimizedImageBox, ISO/IEC
// 23008-12:2025 amendment 2, section O.3.2): one picture, its alpha and its metadata behind a few
// bytes of fields. What the fields mean as items and properties is minimized_image.h's matter.
//
// Two texts of the section are read. The published one is what libheif and MP4Box.js read; libavif
// and Chromium still write and read a draft (2025), which lacks two fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "image/heif/properties.h"
#include "model/rendition.h"

namespace thumbmill::heif {

/// Which kind of item a picture is, and which property configures its decoder, as four-character
/// codes.
struct CodecTypes {
  std::uint32_t item = 0;
  std::uint32_t config = 0;
  bool operator==(const CodecTypes&) const = default;
};

/// The fields that a thumbnail depends on. Views are of the box. The gain map, Exif and XMP are
/// ignored; so are the depth and the chroma format, which the coded picture says itself.
struct MinimizedBox {
  std::optional<CodecTypes> codec;  ///< nothing: the file type says it
  SizePx size;                      ///< declared, not trusted: 1 to 32,768 a side
  int orientation = 1;              ///< EXIF 2.3, tag 274: 1 to 8
  ColorCodes codes;
  std::optional<std::uint32_t> light_levels;  ///< the body of a clli property
  std::string_view profile;                   ///< ICC; empty without
  std::string_view config;                    ///< the body of the codec's configuration property
  std::string_view picture;                   ///< not empty
  std::string_view alpha_config;
  std::string_view alpha;      ///< a coded picture; empty without
  bool premultiplied = false;  ///< colours were multiplied by alpha
};

/// Reads the body of a mini box. It has to be as long as its fields say, to the byte: that also
/// tells which of the two texts it follows. corrupt_input: it is not. unsupported: another version,
/// or samples that are no integers.
Result<MinimizedBox> read_minimized_box(std::string_view body);

}  // namespace thumbmill::heif
