#include "image/tiff/coded_size.h"

#include <algorithm>

#include <tiffio.h>

#include "image/byte_order.h"
#include "image/limit_checks.h"

namespace thumbmill::tiff {
namespace {

std::uint32_t reversed(std::uint32_t bits) {
  std::uint32_t turned = 0;
  for (int i = 0; i < 32; ++i) turned |= (bits >> i & 1) << (i / 8 * 8 + 7 - i % 8);
  return turned;
}

// ITU-T T.82 section 6.2: planes, width and height.
std::uint64_t jbig_samples(std::string_view jbig, bool lowest_first) {
  constexpr std::size_t kPlanesAt = 2, kWidthAt = 4, kHeightAt = 8;
  const auto field = [&](std::size_t at, std::size_t size) {
    const std::uint32_t value = big_endian_at(jbig, at, size);
    return std::uint64_t{lowest_first ? reversed(value) : value};
  };
  constexpr std::uint64_t kFar = std::uint64_t{1} << 62;
  const std::uint64_t pixels = field(kWidthAt, 4) * field(kHeightAt, 4);
  const std::uint64_t planes = field(kPlanesAt, 1);
  return planes > 0 && pixels > kFar / planes ? kFar : pixels * planes;
}

// The frame header of RFC 8878 section 3.1.1.1.
std::uint64_t zstd_window_bytes(std::string_view frame) {
  constexpr std::uint32_t kMagic = 0xfd2fb528;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 27;  // libzstd refuses more
  if (little_endian_at(frame, 0, 4) != kMagic) return 0;
  const std::uint32_t descriptor = little_endian_at(frame, 4, 1);
  if ((descriptor & 0x20) == 0) {
    const std::uint32_t window = little_endian_at(frame, 5, 1);
    const std::uint64_t power = std::uint64_t{1} << (10 + (window >> 3));
    return std::min(power + power / 8 * (window & 7), kMost);
  }
  // A single segment: all of it, whose size comes behind a dictionary's number.
  constexpr std::size_t kDictionaryBytes[] = {0, 1, 2, 4}, kSizeBytes[] = {1, 2, 4, 8};
  const std::size_t at = 5 + kDictionaryBytes[descriptor & 3];
  const std::size_t size_bytes = kSizeBytes[descriptor >> 6];
  if (size_bytes == 8 && little_endian_at(frame, at + 4, 4) > 0) return kMost;
  const std::uint64_t size = little_endian_at(frame, at, std::min<std::size_t>(size_bytes, 4));
  return std::min(size + (size_bytes == 2 ? 256 : 0), kMost);
}

// The .xz File Format 1.0.4, section 1.2.
std::uint64_t xz_number(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9 && !bytes.empty(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) break;
  }
  return value;
}

// The dictionary of the first block's LZMA2, sections 3.1 and 5.3.1.
std::uint64_t xz_dictionary_bytes(std::string_view stream) {
  using namespace std::string_view_literals;
  constexpr std::size_t kStreamHeader = 12, kBlockFlagsAt = kStreamHeader + 1;
  if (!stream.starts_with("\xfd\x37zXZ\0"sv)) return 0;
  const std::uint32_t flags = little_endian_at(stream, kBlockFlagsAt, 1);
  std::string_view rest = bytes_at(stream, kBlockFlagsAt + 1);
  if ((flags & 0x40) != 0) xz_number(rest);  // compressed size
  if ((flags & 0x80) != 0) xz_number(rest);  // uncompressed size
  for (std::uint32_t filters = (flags & 3) + 1; filters > 0; --filters) {
    constexpr std::uint64_t kLzma2 = 0x21;
    const std::uint64_t id = xz_number(rest);
    const auto size = static_cast<std::size_t>(xz_number(rest));
    if (id == kLzma2) {
      const std::uint32_t bits = little_endian_at(rest, 0, 1) & 0x3f;
      return bits >= 40 ? UINT32_MAX : std::uint64_t{2 | (bits & 1)} << (bits / 2 + 11);
    }
    rest = bytes_at(rest, size);
  }
  return 0;
}

}  // namespace

std::uint64_t coded_samples(TIFF* file, std::uint16_t compression, std::string_view segment) {
  if (compression == COMPRESSION_JPEG) {
    const SizePx size = jpeg_frame_size(segment);
    return std::uint64_t{size.width} * size.height;
  }
  if (compression != COMPRESSION_JBIG) return 0;
  std::uint16_t order = FILLORDER_MSB2LSB;
  TIFFGetFieldDefaulted(file, TIFFTAG_FILLORDER, &order);
  // libtiff, which turns the bits of every byte round unless the tag says that they are.
  return jbig_samples(segment, order == FILLORDER_MSB2LSB);
}

bool is_oversized(std::uint64_t samples, const Layout& layout) {
  constexpr std::uint64_t kBlocks = 1 << 20;
  return samples > 2 * std::uint64_t{layout.segment.width} * layout.segment.height + kBlocks;
}

std::uint64_t most_window_bytes(TIFF* file, std::string_view bytes, const Layout& layout) {
  const bool is_zstd = layout.compression == COMPRESSION_ZSTD;
  if (!is_zstd && layout.compression != COMPRESSION_LZMA) return 0;
  const std::uint64_t segments = layout.segments_across() * layout.segments_down() *
                                 (layout.separate ? layout.samples_per_pixel : 1);
  std::uint64_t most = 0;
  for (std::uint64_t i = 0; i < segments; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    const std::string_view segment = bytes_at(bytes, TIFFGetStrileOffset(file, number));
    most = std::max(most, is_zstd ? zstd_window_bytes(segment) : xz_dictionary_bytes(segment));
  }
  return most;
}

}  // namespace thumbmill::tiff
