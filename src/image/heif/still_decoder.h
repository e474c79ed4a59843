// One still picture of a HEIF file to planes: sizes against limits, memory, tiles, colours.
// Internal to image/heif.
#pragma once

#include <string>

#include "base/status.h"
#include "image/heif/coded_picture.h"
#include "image/heif/container.h"
#include "image/heif/still_image.h"
#include "image/planar/rendition_maker.h"
#include "image/thumbnailer.h"

namespace thumbmill::heif {

/// What the headers of a still picture say, checked against the limits. Borrows the container.
struct OpenStill {
  StillImage still;
  CodedFormat format;  ///< of each tile
  std::optional<CodedFormat> alpha_format;
  SizePx stored;  ///< of all tiles together, without what lies past the edge of a grid
  Placement placement;
  SizePx upright;  ///< what is shown
};

/// Reads headers only. too_large: over a limit, by the declared size or by the one that is coded.
/// unsupported, corrupt_input: as describe() and read_tile_format().
Result<OpenStill> open_still(const Container& container, const Item& item,
                             const ImageLimits& limits);

/// About the most bytes that decode_still() takes.
std::uint64_t decoding_memory(const OpenStill& open, std::size_t side);

/// Decodes, each box of side x side pixels to one; `side` is 1 to planar::kMostBoxSide. May throw
/// std::bad_alloc.
Result<planar::Decoded> decode_still(const Container& container, const OpenStill& open,
                                     std::size_t side, BlockEdges edges);

}  // namespace thumbmill::heif
