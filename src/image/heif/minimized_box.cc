#include "image/heif/minimized_box.h"

#include <cstddef>

#include "image/heif/bit_reader.h"
#include "image/heif/box_reader.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status unusual(const char* detail) {
  return Status(Code::unsupported, "an unusual HEIF file", detail);
}

// The draft has no matrix for grey pictures and always tells a gain map's size.
enum class Text { published, draft };

// In the order of the box.
struct Flags {
  bool codec_types, float_samples, full_range, alpha, color_codes, hdr, profile, exif, xmp;
};

Flags read_flags(BitReader& bits) {
  Flags flags{};
  flags.codec_types = bits.flag();
  flags.float_samples = bits.flag();
  flags.full_range = bits.flag();
  flags.alpha = bits.flag();
  flags.color_codes = bits.flag();
  flags.hdr = bits.flag();
  flags.profile = bits.flag();
  flags.exif = bits.flag();
  flags.xmp = bits.flag();
  return flags;
}

// chroma_subsampling.
constexpr std::uint32_t kGrey = 0, k420 = 1, k422 = 2;

// Where chroma samples lie, across and down.
void skip_chroma_position(BitReader& bits, std::uint32_t chroma) {
  if (chroma == k420 || chroma == k422) bits.skip(1);
  if (chroma == k420) bits.skip(1);
}

void skip_depth(BitReader& bits, bool float_samples) {
  if (float_samples) {
    bits.skip(2);
  } else if (bits.flag()) {
    bits.skip(3);
  }
}

ColorCodes read_codes(BitReader& bits, const Flags& flags, std::uint32_t chroma, Text text) {
  ColorCodes codes;
  codes.full_range = flags.full_range;
  if (flags.color_codes) {
    codes.primaries = static_cast<std::uint16_t>(bits.bits(8));
    codes.transfer = static_cast<std::uint16_t>(bits.bits(8));
    if (text == Text::published || chroma != kGrey) {
      codes.matrix = static_cast<std::uint16_t>(bits.bits(8));
    }
    return codes;
  }
  // Table O.3: sRGB unless a profile says otherwise, and BT.601's matrix.
  if (!flags.profile) codes = {1, 13, ColorCodes::kUnspecified, flags.full_range};
  if (chroma != kGrey) codes.matrix = 6;
  return codes;
}

struct GainMap {
  bool present = false;
  bool profile = false;  // of what it makes of the picture
};

GainMap read_gain_map(BitReader& bits, unsigned side_bits, Text text) {
  GainMap map;
  map.present = bits.flag();
  if (!map.present) return map;
  const bool same_size = text == Text::published && bits.flag();
  if (!same_size) bits.skip(2 * std::size_t{side_bits});
  bits.skip(8 + 1);  // matrix and range
  const std::uint32_t chroma = bits.bits(2);
  skip_chroma_position(bits, chroma);
  const bool float_samples = bits.flag();
  skip_depth(bits, float_samples);
  map.profile = bits.flag();
  if (bits.flag()) bits.skip(3 * 8 + 1);  // primaries, transfer, matrix and range
  return map;
}

// ContentColourVolume, ISO/IEC 14496-12 section 12.1.
void skip_content_volume(BitReader& bits) {
  bits.skip(2);
  const bool primaries = bits.flag();
  std::size_t luminances = 0;  // the least, the most, the average
  for (int i = 0; i < 3; ++i) luminances += bits.flag() ? 1 : 0;
  bits.skip(2 + (primaries ? 6 * 32 : 0) + luminances * 32);
}

// Six structures of ISO/IEC 14496-12 section 12.1 and ISO/IEC 23008-12 section 6.5, of which the
// first counts here: ContentLightLevel.
std::optional<std::uint32_t> read_light(BitReader& bits) {
  constexpr std::size_t kMasteringVolume = 8 * 16 + 2 * 32, kAmbientLight = 32 + 2 * 16,
                        kReferenceLight = 2 * (32 + 2 * 16), kDiffuseWhite = 32;
  const bool levels = bits.flag(), mastering = bits.flag(), content = bits.flag(),
             ambient = bits.flag(), reference = bits.flag(), white = bits.flag();
  std::optional<std::uint32_t> light_levels;
  if (levels) light_levels = bits.bits(32);
  if (mastering) bits.skip(kMasteringVolume);
  if (content) skip_content_volume(bits);
  if (ambient) bits.skip(kAmbientLight);
  if (reference) bits.skip(kReferenceLight);
  if (white) bits.skip(kDiffuseWhite);
  return light_levels;
}

// How many bytes there are of each part; 0 of one that is not there.
struct Sizes {
  std::size_t profile = 0, map_profile = 0, map_metadata = 0, map = 0, map_config = 0;
  std::size_t config = 0, picture = 0, alpha = 0, alpha_config = 0, exif = 0, xmp = 0;
};

Sizes read_sizes(BitReader& bits, const Flags& flags, const GainMap& gain_map) {
  const bool metadata = flags.profile || flags.exif || flags.xmp || gain_map.present;
  const unsigned of_metadata = metadata && bits.flag() ? 20 : 10;
  const unsigned of_config = bits.flag() ? 12 : 3;
  const unsigned of_picture = bits.flag() ? 28 : 15;
  Sizes sizes;
  if (flags.profile) sizes.profile = bits.bits(of_metadata) + 1;
  if (gain_map.profile) sizes.map_profile = bits.bits(of_metadata) + 1;
  if (gain_map.present) {
    sizes.map_metadata = bits.bits(of_metadata);
    sizes.map = bits.bits(of_picture);
  }
  if (sizes.map > 0) sizes.map_config = bits.bits(of_config);
  sizes.config = bits.bits(of_config);
  sizes.picture = bits.bits(of_picture) + 1;
  if (flags.alpha) sizes.alpha = bits.bits(of_picture);
  if (sizes.alpha > 0) sizes.alpha_config = bits.bits(of_config);
  if (flags.exif || flags.xmp) bits.skip(1);  // whether they are compressed
  if (flags.exif) sizes.exif = bits.bits(of_metadata) + 1;
  if (flags.xmp) sizes.xmp = bits.bits(of_metadata) + 1;
  return sizes;
}

// The parts, in the order of the box: nothing may be missing, and nothing left.
Status read_parts(std::string_view bytes, const Sizes& sizes, MinimizedBox& box) {
  ByteReader reader(bytes);
  box.config = reader.take(sizes.config);
  box.alpha_config = sizes.alpha_config > 0 ? reader.take(sizes.alpha_config) : box.config;
  reader.take(sizes.map_config);
  box.profile = reader.take(sizes.profile);
  reader.take(sizes.map_profile);
  reader.take(sizes.map_metadata);
  box.alpha = reader.take(sizes.alpha);
  reader.take(sizes.map);
  box.picture = reader.take(sizes.picture);
  reader.take(sizes.exif);
  reader.take(sizes.xmp);
  const bool adds_up = !reader.failed() && reader.at_end();
  return adds_up ? Status() : corrupt("the sizes in a mini box");
}

Result<MinimizedBox> read(std::string_view body, Text text) {
  BitReader bits(body);
  if (bits.bits(2) != 0) return unusual("a mini box of another version");
  const Flags flags = read_flags(bits);
  MinimizedBox box;
  const std::uint32_t chroma = bits.bits(2);
  box.orientation = static_cast<int>(bits.bits(3)) + 1;
  const unsigned side_bits = bits.flag() ? 15 : 7;
  box.size.width = bits.bits(side_bits) + 1;
  box.size.height = bits.bits(side_bits) + 1;
  skip_chroma_position(bits, chroma);
  if (flags.float_samples) return unusual("samples that are no integers");
  skip_depth(bits, false);
  box.premultiplied = flags.alpha && bits.flag();
  box.codes = read_codes(bits, flags, chroma, text);
  if (flags.codec_types) {
    const std::uint32_t item = bits.bits(32);
    box.codec = CodecTypes{item, bits.bits(32)};
  }
  GainMap gain_map;
  if (flags.hdr) {
    gain_map = read_gain_map(bits, side_bits, text);
    box.light_levels = read_light(bits);
    if (gain_map.present) read_light(bits);  // of what the gain map makes of the picture
  }
  const Sizes sizes = read_sizes(bits, flags, gain_map);
  const bool zeros_follow = bits.align() == 0;
  if (bits.failed() || !zeros_follow) return corrupt("the fields of a mini box");
  RETURN_IF_ERROR(read_parts(bits.rest(), sizes, box));
  return box;
}

}  // namespace

Result<MinimizedBox> read_minimized_box(std::string_view body) {
  Result<MinimizedBox> box = read(body, Text::published);
  if (box.ok() || box.status().code() != Code::corrupt_input) return box;
  Result<MinimizedBox> draft = read(body, Text::draft);
  return draft.ok() ? draft : box;
}

}  // namespace thumbmill::heif
