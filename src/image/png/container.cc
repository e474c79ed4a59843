#include "image/png/container.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <new>

#include <libdeflate.h>

namespace thumbmill {
namespace {

constexpr std::string_view kSignature{"\x89PNG\r\n\x1a\n", 8};
constexpr std::size_t kChunkFrame = 12;  // length, type and CRC
constexpr std::uint32_t kMostBytes = 0x7fffffff;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

struct Chunk {
  std::string_view type;
  std::string_view data;

  bool critical() const { return std::isupper(static_cast<unsigned char>(type[0])) != 0; }
};

// The chunk that `rest` begins with, which is cut off.
std::optional<Chunk> next_chunk(std::string_view& rest) {
  if (rest.size() < kChunkFrame) return std::nullopt;
  const std::size_t length = big_endian(rest);
  if (length > kMostBytes || length > rest.size() - kChunkFrame) return std::nullopt;
  const Chunk chunk{rest.substr(4, 4), rest.substr(8, length)};
  const std::string_view checked = rest.substr(4, 4 + length);
  if (libdeflate_crc32(0, checked.data(), checked.size()) != big_endian(rest.substr(8 + length))) {
    return std::nullopt;
  }
  const bool letters = std::all_of(chunk.type.begin(), chunk.type.end(), [](unsigned char byte) {
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
  });
  if (!letters) return std::nullopt;
  rest.remove_prefix(kChunkFrame + length);
  return chunk;
}

bool depth_fits(PngColor color, unsigned depth) {
  switch (color) {
    case PngColor::grey:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case PngColor::palette:
      return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    case PngColor::rgb:
    case PngColor::grey_alpha:
    case PngColor::rgb_alpha:
      return depth == 8 || depth == 16;
  }
  return false;
}

std::optional<PngHeader> read_header(const Chunk& chunk) {
  if (chunk.type != "IHDR" || chunk.data.size() != 13) return std::nullopt;
  PngHeader header;
  header.width_px = big_endian(chunk.data);
  header.height_px = big_endian(chunk.data.substr(4));
  header.depth_bits = static_cast<std::uint8_t>(chunk.data[8]);
  header.color = static_cast<PngColor>(chunk.data[9]);
  const bool plain = chunk.data.substr(10) == std::string_view("\0\0\0", 3);
  const auto side_fits = [](std::uint32_t side) { return side >= 1 && side <= kMostBytes; };
  if (!side_fits(header.width_px) || !side_fits(header.height_px) || !plain ||
      !depth_fits(header.color, header.depth_bits)) {
    return std::nullopt;
  }
  return header;
}

bool palette_fits(const PngHeader& header, std::string_view palette) {
  if (header.color == PngColor::grey || header.color == PngColor::grey_alpha) return false;
  const std::size_t most =
      header.color == PngColor::palette ? std::size_t{1} << header.depth_bits : 256;
  return !palette.empty() && palette.size() % 3 == 0 && palette.size() / 3 <= most;
}

bool transparency_fits(const PngParts& parts, std::string_view transparency) {
  const auto is_sample = [&](std::size_t at) {
    const unsigned value = static_cast<unsigned char>(transparency[at]) << 8 |
                           static_cast<unsigned char>(transparency[at + 1]);
    return value < 1u << parts.header.depth_bits;
  };
  switch (parts.header.color) {
    case PngColor::grey:
      return transparency.size() == 2 && is_sample(0);
    case PngColor::rgb:
      return transparency.size() == 6 && is_sample(0) && is_sample(2) && is_sample(4);
    case PngColor::palette:
      return !transparency.empty() && transparency.size() <= parts.palette.size() / 3;
    default:
      return false;
  }
}

// Any chunk but IHDR, IDAT and IEND, in front of the image data or behind it. False: give up.
bool take_other(const Chunk& chunk, PngParts& parts) {
  const bool in_front = parts.data.empty();
  if (chunk.type == "PLTE") {
    if (!in_front || !parts.palette.empty() || !parts.transparency.empty()) return false;
    parts.palette = chunk.data;
    return palette_fits(parts.header, chunk.data);
  }
  if (chunk.type == "tRNS") {
    if (!in_front || !parts.transparency.empty()) return false;
    parts.transparency = chunk.data;
    return transparency_fits(parts, chunk.data);
  }
  // The first one counts; eXIf may come behind the image data.
  if (chunk.type == "iCCP" && in_front && parts.profile.empty()) parts.profile = chunk.data;
  if (chunk.type == "eXIf" && parts.exif.empty()) parts.exif = chunk.data;
  const bool animated = chunk.type == "acTL" || chunk.type == "fcTL" || chunk.type == "fdAT";
  return !animated && !chunk.critical();
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

}  // namespace

std::size_t PngHeader::channels() const {
  switch (color) {
    case PngColor::grey:
    case PngColor::palette:
      return 1;
    case PngColor::grey_alpha:
      return 2;
    case PngColor::rgb:
      return 3;
    case PngColor::rgb_alpha:
      return 4;
  }
  return 0;
}

std::size_t PngHeader::row_bytes() const {
  return (std::size_t{width_px} * channels() * depth_bits + 7) / 8;
}

std::size_t PngHeader::filter_pixel_bytes() const {
  return std::max<std::size_t>(1, channels() * depth_bits / 8);
}

std::optional<PngParts> take_png_apart(std::string_view file) {
  if (!file.starts_with(kSignature)) return std::nullopt;
  std::string_view rest = file.substr(kSignature.size());
  PngParts parts;
  std::optional<Chunk> chunk = next_chunk(rest);
  if (!chunk) return std::nullopt;
  const std::optional<PngHeader> header = read_header(*chunk);
  if (!header) return std::nullopt;
  parts.header = *header;
  bool data_ended = false;
  while ((chunk = next_chunk(rest))) {
    if (chunk->type == "IEND") {
      const bool complete = chunk->data.empty() && !parts.data.empty() &&
                            (parts.header.color != PngColor::palette || !parts.palette.empty());
      return complete ? std::optional(std::move(parts)) : std::nullopt;
    }
    if (chunk->type == "IDAT") {
      if (data_ended) return std::nullopt;
      parts.data.push_back(chunk->data);
      continue;
    }
    data_ended = !parts.data.empty();
    if (!take_other(*chunk, parts)) return std::nullopt;
  }
  return std::nullopt;
}

std::string png_profile(const PngParts& parts) {
  constexpr std::size_t kLongestName = 79;
  constexpr std::size_t kFirstGuess = 16 << 10;
  constexpr std::size_t kMostProfile = 4 << 20;
  const std::size_t name = parts.profile.substr(0, kLongestName + 1).find('\0');
  // Behind the name, 0 for the only way of compression.
  if (name == std::string_view::npos || name + 2 > parts.profile.size() ||
      parts.profile[name + 1] != 0) {
    return {};
  }
  const std::string_view packed = parts.profile.substr(name + 2);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  for (std::size_t room = kFirstGuess; room <= kMostProfile; room *= 4) {
    std::string profile(room, '\0');
    std::size_t size = 0;
    const libdeflate_result result = libdeflate_zlib_decompress(
        decompressor.get(), packed.data(), packed.size(), profile.data(), profile.size(), &size);
    if (result == LIBDEFLATE_SUCCESS) return profile.substr(0, size);
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return {};
  }
  return {};
}

}  // namespace thumbmill
