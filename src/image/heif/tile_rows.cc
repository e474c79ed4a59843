#include "image/heif/tile_rows.h"

#include <cstring>

namespace thumbmill::heif {
namespace {

Status corrupt(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

// Tiles may share their bytes, but not without end: decoders read all of them each time.
constexpr std::uint64_t kMostReads = 8;         // of each byte of the file, on average
constexpr std::uint64_t kSmallFile = 1u << 20;  // in which they may be read more often

std::size_t sample_bytes(const CodedFormat& format) { return format.bits > 8 ? 2 : 1; }

// Of a plane of one tile.
struct PlaneShape {
  std::size_t width_bytes, height;
};

PlaneShape shape_of(const CodedFormat& format, std::size_t plane) {
  const std::uint32_t x = plane == 0 ? 1 : format.chroma.divisor_x;
  const std::uint32_t y = plane == 0 ? 1 : format.chroma.divisor_y;
  return {(format.size.width + x - 1) / x * sample_bytes(format), (format.size.height + y - 1) / y};
}

std::size_t planes_of(const CodedFormat& format) { return format.chroma.present ? 3 : 1; }

std::unique_ptr<PictureDecoder> make_decoder(const TiledImage& image, const CodedFormat& format,
                                             BlockEdges edges) {
  return image.codec == Codec::hevc ? make_hevc_decoder(image.config, format, edges)
                                    : make_av1_decoder(format, edges);
}

}  // namespace

Result<CodedFormat> read_tile_format(const Container& container, const TiledImage& image) {
  if (image.codec == Codec::hevc) return read_hevc_format(image.config);
  std::string joined;
  ASSIGN_OR_RETURN(const std::string_view bytes,
                   item_bytes(container, *image.tiles.front(), joined));
  return read_av1_format(bytes);
}

std::uint64_t tile_rows_memory(const TiledImage& image, const CodedFormat& format) {
  // What the decoders keep of a pixel besides its samples: modes, block sizes, filters.
  constexpr std::uint64_t kDecoderBytes = 2;
  // With its filter for offsets, libde265 keeps a second picture.
  const auto pictures =
      static_cast<std::uint64_t>(image.codec == Codec::hevc ? 2 : format.pictures);
  const std::uint64_t pixels = std::uint64_t{format.coded.width} * format.coded.height;
  const std::uint64_t chroma =
      format.chroma.present ? 2 * pixels / (format.chroma.divisor_x * format.chroma.divisor_y) : 0;
  const std::uint64_t picture = (pixels + chroma) * sample_bytes(format);
  const std::uint64_t strip = image.columns > 1 ? picture * image.columns : 0;
  return strip + picture * pictures + pixels * kDecoderBytes;
}

TileRows::TileRows(const Container& container, const TiledImage& image, const CodedFormat& format,
                   BlockEdges edges)
    : container_(container),
      image_(image),
      format_(format),
      decoder_(make_decoder(image, format, edges)),
      bytes_left_(kMostReads * container.file.size() + kSmallFile) {
  if (image.columns == 1) return;
  for (std::size_t i = 0; i < planes_of(format); ++i) {
    const PlaneShape shape = shape_of(format, i);
    strip_[i].resize(shape.width_bytes * image.columns * shape.height);
  }
}

Result<DecodedSamples> TileRows::next() {
  DecodedSamples row;
  for (std::size_t column = 0; column < image_.columns; ++column) {
    ASSIGN_OR_RETURN(const DecodedSamples tile,
                     decode_tile(*image_.tiles[row_ * image_.columns + column]));
    if (image_.columns > 1) put(tile.planes, column);
    if (column == 0) row = tile;
  }
  ++row_;
  if (image_.columns == 1) return row;
  for (std::size_t i = 0; i < planes_of(format_); ++i) {
    row.planes[i].at = strip_[i].data();
    row.planes[i].stride_bytes =
        static_cast<std::ptrdiff_t>(shape_of(format_, i).width_bytes * image_.columns);
  }
  return row;
}

Result<DecodedSamples> TileRows::decode_tile(const Item& item) {
  ASSIGN_OR_RETURN(const std::string_view bytes, item_bytes(container_, item, joined_));
  if (bytes.size() > bytes_left_) return corrupt("tiles that share too many bytes");
  bytes_left_ -= bytes.size();
  return decoder_->decode(bytes);
}

void TileRows::put(const PlaneViews& tile, std::size_t column) {
  for (std::size_t i = 0; i < planes_of(format_); ++i) {
    const PlaneShape shape = shape_of(format_, i);
    std::uint8_t* to = strip_[i].data() + column * shape.width_bytes;
    for (std::size_t y = 0; y < shape.height; ++y, to += shape.width_bytes * image_.columns) {
      std::memcpy(to, tile[i].row(y), shape.width_bytes);
    }
  }
}

}  // namespace thumbmill::heif
