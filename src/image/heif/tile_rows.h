// Decodes a picture in tiles a row of tiles at a time, so that no more than one row of them is in
// memory. Internal to image/heif; one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "image/heif/coded_picture.h"
#include "image/heif/container.h"
#include "image/heif/still_image.h"

namespace thumbmill::heif {

/// The format of an image's tiles, from the header of the first one. Fails as read_hevc_format().
Result<CodedFormat> read_tile_format(const Container& container, const TiledImage& image);

/// About the most bytes that a TileRows takes.
std::uint64_t tile_rows_memory(const TiledImage& image, const CodedFormat& format);

class TileRows {
 public:
  /// Everything is borrowed; `format` is that of all tiles.
  TileRows(const Container& container, const TiledImage& image, const CodedFormat& format,
           BlockEdges edges);

  /// The next row of tiles, as one picture of columns x format.size.width samples; valid up to the
  /// next call. Called image.rows times at the most. corrupt_input: as item_bytes() and the
  /// decoder, or the tiles have far more bytes than the file.
  Result<DecodedSamples> next();

 private:
  Result<DecodedSamples> decode_tile(const Item& item);
  // Copies a tile into column `column` of strip_.
  void put(const PlaneViews& tile, std::size_t column);

  const Container& container_;
  const TiledImage& image_;
  const CodedFormat format_;
  const std::unique_ptr<PictureDecoder> decoder_;
  std::size_t row_ = 0;
  std::uint64_t bytes_left_;
  std::string joined_;
  std::array<std::vector<std::uint8_t>, 3> strip_;  // empty with one column
};

}  // namespace thumbmill::heif
