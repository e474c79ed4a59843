// HEIF files with a "mini" box for tests: the pictures of ordinary files, told in few bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "heif_files.h"

namespace thumbmill::heif {

/// Bits to bytes, the highest one first.
class BitWriter {
 public:
  void put(std::uint64_t value, unsigned bits);
  void flag(bool value) { put(value ? 1 : 0, 1); }
  /// Padded with zeros.
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  unsigned used_ = 8;  // of the last byte
};

/// What a mini box says. A field that is not there takes no bits.
struct MiniFile {
  /// What is said of the light, for the picture or for what a gain map makes of it.
  struct Light {
    std::uint16_t peak = 0;  ///< clli, unless 0
    bool others = false;     ///< mdcv, cclv, amve, reve and ndwt
  };
  struct GainMap {
    CodedItem map;
    bool own_config = true;
    bool same_size = false;
    std::string profile;
    std::string metadata = "metadata";
    std::optional<ColorCodes> codes;
    std::optional<Light> light;
  };

  explicit MiniFile(CodedItem coded) : picture(std::move(coded)), size(picture.size) {}

  CodedItem picture;
  SizePx size;  ///< as declared
  Chroma chroma{true, 2, 2};
  int bits = 8;
  int orientation = 1;
  std::optional<ColorCodes> codes;
  bool full_range = true;
  std::string profile, exif, xmp;
  std::optional<CodedItem> alpha;
  bool own_alpha_config = true;
  bool premultiplied = false;
  std::optional<Light> light;
  std::optional<GainMap> gain_map;

  bool draft = false;            ///< the draft's syntax
  std::string codec_types = {};  ///< of item and configuration; empty: the brand says them
  std::string brand = {};        ///< the minor version; empty: what suits the codec
  bool wide_sizes = false;       ///< fields of sizes are wide even where they need not be

  /// The body of the mini box.
  std::string body() const;
  std::string build() const;

 private:
  void put_samples(BitWriter& writer) const;
  void put_light(BitWriter& writer, const Light& light) const;
  void put_gain_map(BitWriter& writer, unsigned side_bits) const;
  void put_sizes(BitWriter& writer) const;
};

}  // namespace thumbmill::heif
