// The few fields at the front of a sequence parameter set: sizes, chroma, depth. The rest is
// libde265's matter.
#include "image/heif/hevc_headers.h"

#include <algorithm>
#include <string>

#include "image/heif/bit_reader.h"
#include "image/heif/box_reader.h"
#include "image/heif/coded_picture.h"

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// Without emulation prevention (section 7.3.1.1): 0, 0, 3 stands for 0, 0.
std::string payload_of(std::string_view unit) {
  constexpr std::size_t kMostNeeded = 256;  // far behind the last field that is read
  std::string payload;
  std::size_t zeros = 0;
  for (const char byte : unit.substr(0, kMostNeeded)) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    payload.push_back(byte);
  }
  return payload;
}

// profile_tier_level(), section 7.3.3.
void skip_profile(BitReader& reader, std::uint32_t sub_layers) {
  constexpr std::size_t kProfileBits = 88, kLevelBits = 8;
  reader.skip(kProfileBits + kLevelBits);
  bool has_profile[8] = {}, has_level[8] = {};
  for (std::uint32_t i = 0; i < sub_layers; ++i) {
    has_profile[i] = reader.bits(1) != 0;
    has_level[i] = reader.bits(1) != 0;
  }
  if (sub_layers > 0) reader.skip(2 * (8 - sub_layers));
  for (std::uint32_t i = 0; i < sub_layers; ++i) {
    reader.skip((has_profile[i] ? kProfileBits : 0) + (has_level[i] ? kLevelBits : 0));
  }
}

constexpr std::uint32_t kMostSide = 1 << 16;

// Cuts `first` and `last` samples of a chroma grid off a side.
bool cut(std::uint32_t& side, std::uint32_t divisor, std::uint64_t first, std::uint64_t last) {
  const std::uint64_t off = (first + last) * divisor;
  if (off >= side) return false;
  side -= static_cast<std::uint32_t>(off);
  return true;
}

}  // namespace

// seq_parameter_set_rbsp(), section 7.3.2.2.1.
Result<CodedFormat> read_hevc_parameters(std::string_view unit) {
  const std::string payload = payload_of(unit.substr(kHevcUnitHeader));
  BitReader reader(payload);
  reader.skip(4);
  const std::uint32_t sub_layers = reader.bits(3);
  reader.skip(1);
  skip_profile(reader, sub_layers);
  reader.exp_golomb();
  const std::uint32_t chroma = reader.exp_golomb();
  if (chroma > 3) return corrupt("chroma_format_idc");
  if (chroma == 3 && reader.bits(1) != 0) {
    return Status(Code::unsupported, "an unusual HEIF file", "separate colour planes");
  }
  CodedFormat format;
  format.chroma.present = chroma != 0;
  format.chroma.divisor_x = chroma == 1 || chroma == 2 ? 2 : 1;
  format.chroma.divisor_y = chroma == 1 ? 2 : 1;
  format.coded.width = reader.exp_golomb();
  format.coded.height = reader.exp_golomb();
  format.size = format.coded;
  const bool has_window = reader.bits(1) != 0;
  std::uint32_t window[4] = {};
  for (std::uint32_t& side : window) side = has_window ? reader.exp_golomb() : 0;
  const std::uint32_t luma_bits = 8 + reader.exp_golomb();
  const std::uint32_t chroma_bits = 8 + reader.exp_golomb();
  if (reader.failed() || luma_bits > 16 || chroma_bits > 16) return corrupt("SPS");
  if (format.coded.width > kMostSide || format.coded.height > kMostSide ||
      !cut(format.size.width, format.chroma.divisor_x, window[0], window[1]) ||
      !cut(format.size.height, format.chroma.divisor_y, window[2], window[3])) {
    return corrupt("the size in an SPS");
  }
  if (luma_bits > 12 || (format.chroma.present && luma_bits != chroma_bits)) {
    return Status(Code::unsupported, "an unusual HEIF file", "bits of samples");
  }
  format.bits = static_cast<int>(luma_bits);
  return format;
}

HevcConfig read_hevc_config(std::string_view config) {
  constexpr std::size_t kFixed = 21;
  ByteReader reader(config);
  HevcConfig read;
  reader.take(kFixed);
  read.length_bytes = (reader.u8() & 3u) + 1;
  const std::size_t arrays = reader.u8();
  for (std::size_t i = 0; i < arrays && !reader.failed(); ++i) {
    reader.u8();
    const std::size_t count = reader.u16();
    for (std::size_t k = 0; k < count && !reader.failed(); ++k) {
      const std::string_view unit = reader.take(reader.u16());
      if (unit.size() > kHevcUnitHeader) read.units.push_back(unit);
    }
  }
  read.valid = !reader.failed();
  return read;
}

Result<CodedFormat> read_hevc_format(std::string_view config) {
  const HevcConfig read = read_hevc_config(config);
  if (!read.valid) return corrupt("hvcC");
  for (const std::string_view unit : read.units) {
    if (hevc_unit_type(unit) != kHevcSequenceParameters) continue;
    return read_hevc_parameters(unit);
  }
  return corrupt("no SPS");
}

}  // namespace thumbmill::heif
