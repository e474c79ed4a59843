#include "image/tiff/segments.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <tiffio.h>

#include "image/byte_order.h"
#include "image/limit_checks.h"
#include "image/tiff/coded_size.h"
#include "image/tiff/ycbcr.h"

namespace thumbmill::tiff {
namespace {

// What planar::BoxReducer may read behind a row.
constexpr std::size_t kBehind = 16;

// A strip of Deflate is quicker to decode at once: libtiff has libdeflate do it then. A larger one
// comes in rows, to save memory.
constexpr std::size_t kWholeDeflate = 48 << 20;

using Buffer = std::vector<std::uint8_t>;

bool is_deflate(std::uint16_t compression) {
  return compression == COMPRESSION_ADOBE_DEFLATE || compression == COMPRESSION_DEFLATE;
}

bool is_jpeg(std::uint16_t compression) {
  return compression == COMPRESSION_JPEG || compression == COMPRESSION_OJPEG;
}

// Whether libtiff gives a strip row by row as well as at once. Then no more than a row is kept.
bool comes_in_rows(const Layout& layout) {
  if (layout.subsampled()) return false;
  switch (layout.compression) {
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
      return layout.segment_bytes > kWholeDeflate;
    case COMPRESSION_NONE:
    case COMPRESSION_LZW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ZSTD:
    case COMPRESSION_LZMA:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_JPEG:
    case COMPRESSION_PIXARLOG:
    case COMPRESSION_SGILOG:
    case COMPRESSION_SGILOG24:
      return true;
    default:
      return false;
  }
}

// A handle for each plane that is read, so that each goes through its strips in order.
class Planes {
 public:
  Planes(std::unique_ptr<TiffFile> file, std::string_view bytes, std::uint64_t most_bytes_at_once,
         const Layout& layout)
      : layout_(layout), bytes_(bytes), most_bytes_at_once_(most_bytes_at_once) {
    files_.push_back(std::move(file));
    while (files_.size() < layout.planes()) files_.push_back(open());
    spare_.resize(files_.size());
  }

  bool complete() const { return std::find(files_.begin(), files_.end(), nullptr) == files_.end(); }
  std::size_t count() const { return files_.size(); }
  TIFF* file(std::size_t plane) const { return files_[plane]->get(); }
  // A second handle, for a second attempt: one that failed is somewhere within its segment. May be
  // null.
  TIFF* spare_file(std::size_t plane) {
    if (spare_[plane] == nullptr) spare_[plane] = open();
    return spare_[plane] == nullptr ? nullptr : spare_[plane]->get();
  }
  // libtiff's number for the plane.
  std::uint16_t sample(std::size_t plane) const {
    return layout_.separate ? layout_.taken[plane] : std::uint16_t{0};
  }

 private:
  std::unique_ptr<TiffFile> open() const {
    auto file = TiffFile::open(bytes_, most_bytes_at_once_);
    if (file != nullptr) prepare(*file);
    return file;
  }

  const Layout& layout_;
  std::string_view bytes_;
  std::uint64_t most_bytes_at_once_;
  std::vector<std::unique_ptr<TiffFile>> files_;
  std::vector<std::unique_ptr<TiffFile>> spare_;
};

class SegmentsOfPlanes : public Segments {
 public:
  SegmentsOfPlanes(Planes planes, const Layout& layout)
      : planes_(std::move(planes)), layout_(layout) {}

 protected:
  std::size_t rows_left() const { return layout_.size.height - top_; }

  // Makes a piece of `buffers`, which hold packed YCbCr where chroma is subsampled.
  void fill(Piece& piece, std::vector<Buffer>& buffers, Buffer& unpacked, std::size_t height) {
    piece.stride = layout_.row_bytes;
    piece.planes.clear();
    if (layout_.subsampled()) {
      unpack_ycbcr(buffers[0].data(), layout_.segment.width, height, layout_.ycbcr,
                   unpacked.data());
      piece.planes.push_back(unpacked.data());
      return;
    }
    for (const Buffer& buffer : buffers) piece.planes.push_back(buffer.data());
  }

  Buffer unpacked_buffer() const {
    if (!layout_.subsampled()) return {};
    return Buffer(layout_.row_bytes * layout_.segment.height + kBehind);
  }

  Planes planes_;
  const Layout& layout_;
  std::size_t top_ = 0;  // the row that comes next
  Band band_;
};

// Strips by single rows.
class StripRows final : public SegmentsOfPlanes {
 public:
  StripRows(Planes planes, const Layout& layout)
      : SegmentsOfPlanes(std::move(planes), layout),
        rows_(planes_.count(), Buffer(layout.row_bytes + kBehind)) {
    band_.rows = 1;
    band_.pieces.resize(1);
    band_.pieces[0].width = layout.size.width;
    fill(band_.pieces[0], rows_, none_, 1);
  }

  const Band& next() override {
    if (top_ % layout_.segment.height == 0) damaged_ = false;
    for (std::size_t i = 0; i < planes_.count() && !damaged_; ++i) {
      damaged_ = TIFFReadScanline(planes_.file(i), rows_[i].data(),
                                  static_cast<std::uint32_t>(top_), planes_.sample(i)) != 1;
    }
    band_.pieces[0].rows = damaged_ ? 0 : 1;
    ++top_;
    return band_;
  }

 private:
  std::vector<Buffer> rows_;
  Buffer none_;
  bool damaged_ = false;  // what is left of this strip
};

// Strips at once.
class WholeStrips final : public SegmentsOfPlanes {
 public:
  WholeStrips(Planes planes, const Layout& layout)
      : SegmentsOfPlanes(std::move(planes), layout),
        strips_(planes_.count(), Buffer(layout.segment_bytes + kBehind)),
        unpacked_(unpacked_buffer()) {
    band_.pieces.resize(1);
  }

  const Band& next() override {
    band_.rows = std::min<std::size_t>(layout_.segment.height, rows_left());
    Piece& piece = band_.pieces[0];
    piece.width = layout_.size.width;
    piece.rows = band_.rows;
    for (std::size_t i = 0; i < planes_.count(); ++i) {
      piece.rows = std::min(piece.rows, read(i));
    }
    if (piece.rows > 0) fill(piece, strips_, unpacked_, band_.rows);
    top_ += band_.rows;
    return band_;
  }

 private:
  // How many rows of the strip could be decoded.
  std::size_t read(std::size_t plane) {
    TIFF* const file = planes_.file(plane);
    std::uint8_t* const to = strips_[plane].data();
    const auto top = static_cast<std::uint32_t>(top_);
    const std::uint32_t strip = TIFFComputeStrip(file, top, planes_.sample(plane));
    const auto size = static_cast<tmsize_t>(layout_.segment_bytes);
    if (TIFFReadEncodedStrip(file, strip, to, size) > 0) return band_.rows;
    if (!is_deflate(layout_.compression) || layout_.subsampled()) return 0;
    TIFF* const again = planes_.spare_file(plane);
    if (again == nullptr) return 0;
    std::size_t rows = 0;
    while (rows < band_.rows &&
           TIFFReadScanline(again, to + rows * layout_.row_bytes,
                            top + static_cast<std::uint32_t>(rows), planes_.sample(plane)) == 1) {
      ++rows;
    }
    return rows;
  }

  std::vector<Buffer> strips_;
  Buffer unpacked_;
};

// Tiles, a row of them at once.
class TileRows final : public SegmentsOfPlanes {
 public:
  TileRows(Planes planes, const Layout& layout) : SegmentsOfPlanes(std::move(planes), layout) {
    const std::size_t across = layout.segments_across();
    band_.pieces.resize(across);
    for (std::size_t i = 0; i < across; ++i) {
      tiles_.emplace_back(planes_.count(), Buffer(layout.segment_bytes + kBehind));
      unpacked_.push_back(unpacked_buffer());
    }
  }

  const Band& next() override {
    band_.rows = std::min<std::size_t>(layout_.segment.height, rows_left());
    for (std::size_t i = 0; i < band_.pieces.size(); ++i) read(i);
    top_ += band_.rows;
    return band_;
  }

 private:
  void read(std::size_t column) {
    Piece& piece = band_.pieces[column];
    piece.left = column * layout_.segment.width;
    piece.width = std::min<std::size_t>(layout_.segment.width, layout_.size.width - piece.left);
    piece.rows = band_.rows;
    for (std::size_t i = 0; i < planes_.count(); ++i) {
      TIFF* const file = planes_.file(i);
      const std::uint32_t tile =
          TIFFComputeTile(file, static_cast<std::uint32_t>(piece.left),
                          static_cast<std::uint32_t>(top_), 0, planes_.sample(i));
      const tmsize_t size = TIFFReadEncodedTile(file, tile, tiles_[column][i].data(),
                                                static_cast<tmsize_t>(layout_.segment_bytes));
      if (size <= 0) piece.rows = 0;
    }
    if (piece.rows > 0) fill(piece, tiles_[column], unpacked_[column], layout_.segment.height);
  }

  std::vector<std::vector<Buffer>> tiles_;
  std::vector<Buffer> unpacked_;
};

// A segment may say to be as long as the file. If all do, to decode them takes the time of many
// files: of bytes that decode to nothing there may be any number. And its own header may say that
// it is larger than a segment, or be a JPEG of any number of scans.
Status check_segments(const Planes& planes, std::string_view file, const Layout& layout,
                      const ImageLimits& limits) {
  const std::uint64_t segments = layout.segments_across() * layout.segments_down();
  const std::uint64_t decoded = segments * layout.segment_bytes * planes.count();
  const std::uint64_t most = 2 * (file.size() + decoded);
  std::uint64_t sum = 0;
  for (std::size_t plane = 0; plane < planes.count(); ++plane) {
    TIFF* const handle = planes.file(plane);
    const std::uint64_t first = planes.sample(plane) * segments;
    for (std::uint64_t i = 0; i < segments && sum <= most; ++i) {
      const auto number = static_cast<std::uint32_t>(first + i);
      const std::uint64_t bytes = TIFFGetStrileByteCount(handle, number);
      if (bytes > file.size()) continue;  // it cannot be decoded
      sum += bytes;
      const std::string_view segment = bytes_at(file, TIFFGetStrileOffset(handle, number), bytes);
      if (is_jpeg(layout.compression)) {
        RETURN_IF_ERROR(check_scans(count_jpeg_scans(segment, limits.max_scans), limits));
      }
      if (is_oversized(coded_samples(handle, layout.compression, segment), layout)) {
        return Status(Code::corrupt_input, "the image cannot be decoded",
                      "a segment whose own header says that it is larger");
      }
    }
  }
  if (sum <= most) return Status();
  return Status(Code::corrupt_input, "the image cannot be decoded", "overlapping segments");
}

}  // namespace

Result<std::unique_ptr<Segments>> open_segments(std::unique_ptr<TiffFile> file,
                                                std::string_view bytes,
                                                std::uint64_t most_bytes_at_once,
                                                const Layout& layout, const ImageLimits& limits) {
  Planes planes(std::move(file), bytes, most_bytes_at_once, layout);
  if (!planes.complete()) return no_memory();
  RETURN_IF_ERROR(check_segments(planes, bytes, layout, limits));
  std::unique_ptr<Segments> segments;
  if (layout.tiled) {
    segments = std::make_unique<TileRows>(std::move(planes), layout);
  } else if (comes_in_rows(layout)) {
    segments = std::make_unique<StripRows>(std::move(planes), layout);
  } else {
    segments = std::make_unique<WholeStrips>(std::move(planes), layout);
  }
  return segments;
}

std::uint64_t segments_memory(const Layout& layout) {
  constexpr std::uint64_t kHandle = 256 << 10;  // tags, a decoder's tables
  constexpr std::uint64_t kOffsets = 16;        // where a segment is and how long
  constexpr std::uint64_t kCoefficients = 8;    // of a progressive JPEG, a pixel
  const std::uint64_t at_once = layout.tiled            ? layout.segments_across()
                                : comes_in_rows(layout) ? 0
                                                        : 1;
  const std::uint64_t segment_pixels = std::uint64_t{layout.segment.width} * layout.segment.height;
  std::uint64_t own = 0;  // libtiff's, for the segment that it is decoding
  switch (layout.compression) {
    case COMPRESSION_JPEG:
    case COMPRESSION_OJPEG:
      own = segment_pixels * kCoefficients;
      break;
    case COMPRESSION_PIXARLOG:
    case COMPRESSION_LERC:
    case COMPRESSION_JBIG:
    case COMPRESSION_WEBP:
      own = 2 * layout.segment_bytes;
      break;
    case COMPRESSION_SGILOG:
    case COMPRESSION_SGILOG24:
      own = segment_pixels * sizeof(std::uint32_t);
      break;
    default:
      break;
  }
  const std::uint64_t unpacked = layout.subsampled() ? segment_pixels * 3 : 0;
  const std::uint64_t segments = layout.segments_across() * layout.segments_down() *
                                 (layout.separate ? layout.samples_per_pixel : 1);
  return layout.planes() * (kHandle + segments * kOffsets + own + layout.row_bytes +
                            at_once * (layout.segment_bytes + unpacked));
}

}  // namespace thumbmill::tiff
