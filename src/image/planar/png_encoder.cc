#include "image/planar/png_encoder.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include <libdeflate.h>

namespace thumbmill::planar {
namespace {

// zlib's default, which libvips uses.
constexpr int kLevel = 6;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

void append_big_endian(std::string& to, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
}

// PNG 3rd edition section 5.3.
void append_chunk(std::string& to, std::string_view type, std::string_view data) {
  append_big_endian(to, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = to.size();
  to.append(type).append(data);
  append_big_endian(to, libdeflate_crc32(0, to.data() + begin, to.size() - begin));
}

std::uint8_t paeth(int left, int above, int corner) {
  const int estimate = left + above - corner;
  const int to_left = std::abs(estimate - left);
  const int to_above = std::abs(estimate - above);
  const int to_corner = std::abs(estimate - corner);
  if (to_left <= to_above && to_left <= to_corner) return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_above <= to_corner ? above : corner);
}

// One row by filter `type` (section 9.2), with the type in front. `row` and `above` have
// `pixel_bytes` zeros before them.
void filter_row(int type, const std::uint8_t* row, const std::uint8_t* above, std::size_t size,
                std::size_t pixel_bytes, std::uint8_t* out) {
  *out++ = static_cast<std::uint8_t>(type);
  for (std::size_t i = 0; i < size; ++i) {
    const int left = *(row + i - pixel_bytes);
    const int up = above[i];
    const int corner = *(above + i - pixel_bytes);
    const int predicted = type == 0   ? 0
                          : type == 1 ? left
                          : type == 2 ? up
                          : type == 3 ? (left + up) / 2
                                      : paeth(left, up, corner);
    out[i] = static_cast<std::uint8_t>(row[i] - predicted);
  }
}

// The sum of absolute differences, by which section 12.7 chooses: what is near zero packs well.
std::uint64_t cost_of(const std::vector<std::uint8_t>& filtered) {
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < filtered.size(); ++i) {
    sum += static_cast<std::uint64_t>(std::abs(static_cast<std::int8_t>(filtered[i])));
  }
  return sum;
}

std::vector<std::uint8_t> filter(const Pixels& pixels) {
  constexpr int kFilters = 5;
  const std::size_t row_bytes = pixels.size.width * pixels.channels;
  const std::size_t front = pixels.channels;
  std::vector<std::uint8_t> above(front + row_bytes);
  std::vector<std::uint8_t> row(front + row_bytes);
  std::vector<std::uint8_t> best(1 + row_bytes);
  std::vector<std::uint8_t> candidate(1 + row_bytes);
  std::vector<std::uint8_t> all;
  all.reserve((1 + row_bytes) * pixels.size.height);
  for (std::size_t y = 0; y < pixels.size.height; ++y) {
    const auto from = pixels.bytes.begin() + static_cast<std::ptrdiff_t>(y * row_bytes);
    std::copy_n(from, row_bytes, row.begin() + static_cast<std::ptrdiff_t>(front));
    std::uint64_t least = UINT64_MAX;
    for (int type = 0; type < kFilters; ++type) {
      filter_row(type, row.data() + front, above.data() + front, row_bytes, pixels.channels,
                 candidate.data());
      const std::uint64_t cost = cost_of(candidate);
      if (cost >= least) continue;
      least = cost;
      best.swap(candidate);
    }
    all.insert(all.end(), best.begin(), best.end());
    above.swap(row);
  }
  return all;
}

std::string header_of(const Pixels& pixels) {
  constexpr char kRgb = 2, kRgba = 6;  // section 11.2.1
  std::string header;
  append_big_endian(header, pixels.size.width);
  append_big_endian(header, pixels.size.height);
  header += {8, pixels.channels == 4 ? kRgba : kRgb, 0, 0, 0};
  return header;
}

}  // namespace

Result<std::string> encode_png(const Pixels& pixels) {
  const std::vector<std::uint8_t> filtered = filter(pixels);
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (compressor == nullptr) throw std::bad_alloc();
  std::string packed(libdeflate_zlib_compress_bound(compressor.get(), filtered.size()), '\0');
  packed.resize(libdeflate_zlib_compress(compressor.get(), filtered.data(), filtered.size(),
                                         packed.data(), packed.size()));
  constexpr std::size_t kMostInChunk = 0x7fffffff;
  if (packed.empty() || packed.size() > kMostInChunk) {
    return Status(Code::internal, "the rendition cannot be encoded", "a PNG's data is too large");
  }
  std::string file("\x89PNG\r\n\x1a\n", 8);
  append_chunk(file, "IHDR", header_of(pixels));
  append_chunk(file, "IDAT", packed);
  append_chunk(file, "IEND", {});
  return file;
}

}  // namespace thumbmill::planar
