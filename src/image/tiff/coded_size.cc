#include "image/tiff/coded_size.h"

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

}  // namespace thumbmill::tiff
