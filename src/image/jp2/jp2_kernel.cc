#include "image/jp2/jp2_kernel.h"

#include <algorithm>
#include <new>
#include <utility>

#include "image/jp2/channels.h"
#include "image/jp2/codestream.h"
#include "image/jp2/container.h"
#include "image/jp2/opj_decoder.h"
#include "image/limit_checks.h"
#include "image/reduction.h"

namespace thumbmill::jp2 {
namespace {

// How often a picture is halved by leaving out levels, and what is left to do.
struct Reduction {
  std::uint32_t levels = 0;
  std::size_t side = 1;
};

Reduction split(double allowed, std::uint32_t most_levels) {
  Reduction reduction;
  while (reduction.levels < most_levels && allowed >= 2) {
    allowed /= 2;
    ++reduction.levels;
  }
  reduction.side = static_cast<std::size_t>(allowed);
  return reduction;
}

// What OpenJPEG 2.5 takes: samples of 32 bits in the picture and in a tile; the tile's compressed
// data; and, whatever is reduced, its own notes on tiles, code blocks and precincts.
std::uint64_t decoding_memory(const Codestream& stream, std::uint32_t levels,
                              std::uint64_t file_bytes) {
  constexpr std::uint64_t kTile = 6144, kTileComponent = 1280, kBlock = 700, kPrecinct = 400;
  std::uint64_t samples = 0, tile_samples = 0;
  for (const Component& c : stream.components) {
    const std::uint64_t spread = std::uint64_t{c.dx} * c.dy;
    samples += std::uint64_t{stream.right - stream.left} * (stream.bottom - stream.top) / spread;
    tile_samples += std::uint64_t{std::min(stream.tile_width, stream.right)} *
                    std::min(stream.tile_height, stream.bottom) / spread;
  }
  tile_samples = std::min(tile_samples, samples);
  const std::uint64_t kept = stream.tiles > 1 ? samples + tile_samples : samples;
  const std::uint64_t reduced = kept >> std::min(2 * levels, 63u);
  const std::uint64_t components = stream.components.size();
  return reduced * 4 + reduced + file_bytes +
         components * (stream.blocks * kBlock + stream.precincts * kPrecinct) +
         stream.tiles * (kTile + components * kTileComponent);
}

}  // namespace

Result<planar::Decoded> decode_jp2(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(Container container, read_container(file));
  ASSIGN_OR_RETURN(const Codestream stream, read_codestream(container.codestream));
  RETURN_IF_ERROR(check_size(stream.width(), stream.height(), request.limits));
  ASSIGN_OR_RETURN(const Meaning meaning, find_meaning(container, stream));
  planar::Decoded decoded;
  decoded.size = {stream.width(), stream.height()};
  const double allowed = allowed_reduction(decoded.size, request.renditions);
  Reduction reduction = split(allowed, meaning.has_palette ? 0 : stream.levels);
  const auto decode = [&]() -> Result<Image> {
    const std::uint64_t bytes =
        decoding_memory(stream, reduction.levels, container.codestream.size());
    RETURN_IF_ERROR(planar::ask_for_memory(request, decoded.size, bytes));
    auto image = decode_codestream(container.codestream, reduction.levels);
    // OpenJPEG does not always say that an allocation failed. Some more than was estimated, for it
    // may have been the last of many.
    constexpr std::uint64_t kMargin = 8 << 20;
    if (!image.ok() && !has_room(bytes + bytes / 2 + kMargin)) throw std::bad_alloc();
    return image;
  };
  auto image = decode();
  if (!image.ok() && reduction.levels > 0 && image.status().code() == Code::corrupt_input) {
    // A tile may have fewer levels than the main header says.
    reduction = split(allowed, 0);
    image = decode();
  }
  if (!image.ok()) return image.status();
  ASSIGN_OR_RETURN(decoded.picture, make_picture(**image, container, stream, meaning,
                                                 reduction.levels, reduction.side));
  if (meaning.uses_profile) decoded.profile = std::move(container.profile);
  return decoded;
}

}  // namespace thumbmill::jp2
