#include "mini_files.h"

#include <algorithm>

namespace thumbmill::heif {
namespace {

std::uint64_t code_of(const Chroma& chroma) {
  if (!chroma.present) return 0;
  if (chroma.divisor_y == 2) return 1;
  return chroma.divisor_x == 2 ? 2 : 3;
}

void put_codes(BitWriter& writer, const ColorCodes& codes) {
  for (const auto code : {codes.primaries, codes.transfer, codes.matrix}) writer.put(code, 8);
}

}  // namespace

void BitWriter::put(std::uint64_t value, unsigned bits) {
  while (bits-- > 0) {
    if (used_ == 8) {
      bytes_.push_back('\0');
      used_ = 0;
    }
    const unsigned bit = (value >> bits & 1u) << (7 - used_++);
    bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | bit);
  }
}

void MiniFile::put_samples(BitWriter& writer) const {
  const std::uint64_t code = code_of(chroma);
  if (code == 1 || code == 2) writer.flag(false);
  if (code == 1) writer.flag(true);
  writer.flag(bits > 8);
  if (bits > 8) writer.put(static_cast<unsigned>(bits - 9), 3);
}

void MiniFile::put_light(BitWriter& writer, const Light& said) const {
  writer.flag(said.peak > 0);
  for (int i = 0; i < 5; ++i) writer.flag(said.others);
  if (said.peak > 0) writer.put(said.peak, 16);
  if (said.peak > 0) writer.put(100, 16);
  if (!said.others) return;
  for (int i = 0; i < 6; ++i) writer.put(0xffffffff, 32);  // mdcv
  writer.put(0x3c, 8);                                     // cclv, with everything
  for (int i = 0; i < 9; ++i) writer.put(0xffffffff, 32);
  for (int i = 0; i < 2; ++i) writer.put(0xffffffff, 32);  // amve
  for (int i = 0; i < 4; ++i) writer.put(0xffffffff, 32);  // reve
  writer.put(0xffffffff, 32);                              // ndwt
}

void MiniFile::put_gain_map(BitWriter& writer, unsigned side_bits) const {
  if (!draft) writer.flag(gain_map->same_size);
  if (draft || !gain_map->same_size) {
    writer.put(gain_map->map.size.width - 1, side_bits);
    writer.put(gain_map->map.size.height - 1, side_bits);
  }
  writer.put(6, 8);
  writer.flag(true);
  writer.put(1, 2);  // 4:2:0
  writer.put(0, 2);  // where the samples lie
  writer.flag(false);
  writer.flag(false);  // 8 bits
  writer.flag(!gain_map->profile.empty());
  writer.flag(gain_map->codes.has_value());
  if (!gain_map->codes) return;
  put_codes(writer, *gain_map->codes);
  writer.flag(true);
}

void MiniFile::put_sizes(BitWriter& writer) const {
  std::size_t most_metadata = std::max({profile.size(), exif.size(), xmp.size()});
  std::size_t most_config = picture.config.size(), most_data = picture.bytes.size();
  if (gain_map) {
    most_metadata = std::max({most_metadata, gain_map->profile.size(), gain_map->metadata.size()});
    most_config = std::max(most_config, gain_map->map.config.size());
    most_data = std::max(most_data, gain_map->map.bytes.size());
  }
  if (alpha) most_config = std::max(most_config, alpha->config.size());
  if (alpha) most_data = std::max(most_data, alpha->bytes.size());
  const bool wide_metadata = wide_sizes || most_metadata > 1000;
  const bool wide_config = wide_sizes || most_config > 7;
  const bool wide_data = wide_sizes || most_data > 32'000;
  const unsigned metadata = wide_metadata ? 20 : 10, config = wide_config ? 12 : 3,
                 data = wide_data ? 28 : 15;
  const auto put_text = [&](const std::string& text) {
    if (!text.empty()) writer.put(text.size() - 1, metadata);
  };
  if (gain_map || !profile.empty() || !exif.empty() || !xmp.empty()) writer.flag(wide_metadata);
  writer.flag(wide_config);
  writer.flag(wide_data);
  put_text(profile);
  if (gain_map) {
    put_text(gain_map->profile);
    writer.put(gain_map->metadata.size(), metadata);
    writer.put(gain_map->map.bytes.size(), data);
    const bool has_config = !gain_map->map.bytes.empty();
    if (has_config) writer.put(gain_map->own_config ? gain_map->map.config.size() : 0, config);
  }
  writer.put(picture.config.size(), config);
  writer.put(picture.bytes.size() - 1, data);
  if (alpha) writer.put(alpha->bytes.size(), data);
  if (alpha && !alpha->bytes.empty()) {
    writer.put(own_alpha_config ? alpha->config.size() : 0, config);
  }
  if (!exif.empty() || !xmp.empty()) writer.flag(false);
  put_text(exif);
  put_text(xmp);
}

std::string MiniFile::body() const {
  BitWriter writer;
  const bool hdr = light || gain_map;
  writer.put(0, 2);
  for (const bool flag : {!codec_types.empty(), false, full_range, alpha.has_value(),
                          codes.has_value(), hdr, !profile.empty(), !exif.empty(), !xmp.empty()}) {
    writer.flag(flag);
  }
  writer.put(code_of(chroma), 2);
  writer.put(static_cast<unsigned>(orientation - 1), 3);
  const bool wide = wide_sizes || std::max(size.width, size.height) > 128;
  const unsigned side_bits = wide ? 15 : 7;
  writer.flag(wide);
  writer.put(size.width - 1, side_bits);
  writer.put(size.height - 1, side_bits);
  put_samples(writer);
  if (alpha) writer.flag(premultiplied);
  if (codes && draft && !chroma.present) {
    writer.put(codes->primaries, 8);
    writer.put(codes->transfer, 8);
  } else if (codes) {
    put_codes(writer, *codes);
  }
  for (const char c : codec_types) writer.put(static_cast<unsigned char>(c), 8);
  if (hdr) {
    writer.flag(gain_map.has_value());
    if (gain_map) put_gain_map(writer, side_bits);
    put_light(writer, light.value_or(Light()));
    if (gain_map) put_light(writer, gain_map->light.value_or(Light()));
  }
  put_sizes(writer);
  std::string text = writer.bytes() + picture.config;
  const bool has_map = gain_map && !gain_map->map.bytes.empty();
  if (alpha && !alpha->bytes.empty() && own_alpha_config) text += alpha->config;
  if (has_map && gain_map->own_config) text += gain_map->map.config;
  text += profile;
  if (gain_map) text += gain_map->profile + gain_map->metadata;
  if (alpha) text += alpha->bytes;
  if (gain_map) text += gain_map->map.bytes;
  return text + picture.bytes + exif + xmp;
}

std::string MiniFile::build() const {
  const std::string suiting = picture.codec == Codec::hevc ? "heic" : "avif";
  return box("ftyp", "mif3" + (brand.empty() ? suiting : brand)) + box("mini", body());
}

}  // namespace thumbmill::heif
