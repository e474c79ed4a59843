#include "image/psd/psd_kernel.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "image/limit_checks.h"
#include "image/planar/box_reduce.h"
#include "image/planar/rows.h"
#include "image/psd/channel_rows.h"
#include "image/psd/container.h"
#include "image/psd/samples.h"
#include "image/reduction.h"

namespace thumbmill::psd {
namespace {

constexpr std::size_t kInks = 4;

// A row of one ink: stored as what of the paper shows. Transparency, which was laid over white, is
// no ink.
class InkRow {
 public:
  explicit InkRow(const Parts& parts)
      : wide_(parts.depth_bits == 16),
        width_(parts.size.width),
        narrow_(wide_ ? 0 : width_ + planar::kRowPadding),
        deep_(wide_ ? width_ + planar::kRowPadding : 0) {}

  const void* convert(const std::uint8_t* row) {
    for (std::size_t x = 0; x < width_; ++x) {
      if (wide_) {
        deep_[x] = static_cast<std::uint16_t>(65535 - (row[2 * x] << 8 | row[2 * x + 1]));
      } else {
        narrow_[x] = static_cast<std::uint8_t>(255 - row[x]);
      }
    }
    if (wide_) return deep_.data();
    return narrow_.data();
  }

  // A row without ink.
  const void* clear() {
    std::fill(narrow_.begin(), narrow_.end(), std::uint8_t{0});
    std::fill(deep_.begin(), deep_.end(), std::uint16_t{0});
    return wide_ ? static_cast<const void*>(deep_.data()) : narrow_.data();
  }

 private:
  const bool wide_;
  const std::size_t width_;
  std::vector<std::uint8_t> narrow_;
  std::vector<std::uint16_t> deep_;
};

// Each ink by itself: boxes of four channels have alpha in the fourth.
Result<planar::Picture> reduce_inks(const Parts& parts, std::size_t side) {
  ChannelRows rows(parts, kInks);
  InkRow ink(parts);
  std::vector<std::unique_ptr<planar::BoxReducer>> reducers;
  for (std::size_t c = 0; c < kInks; ++c) {
    reducers.push_back(planar::make_box_reducer(parts.size.width, parts.size.height, 1, false,
                                                parts.depth_bits == 16, side));
  }
  bool there = rows.next();
  if (!there) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "no row of pixels");
  }
  for (std::uint32_t y = 0; y < parts.size.height; ++y) {
    for (std::size_t c = 0; c < kInks; ++c) {
      reducers[c]->add(there ? ink.convert(rows.row(c)) : ink.clear());
    }
    there = there && y + 1 < parts.size.height && rows.next();
  }
  planar::Picture picture;
  picture.model = planar::ColorModel::cmyk;
  for (const auto& reducer : reducers) {
    picture.planes.push_back(std::move(reducer->take().planes.front()));
  }
  return picture;
}

Result<planar::Decoded> decode_inks(const Parts& parts, const ThumbnailRequest& request) {
  planar::RowShape shape;
  shape.size = parts.size;
  shape.channels = kInks;
  RETURN_IF_ERROR(planar::admit_rows(request, shape, kInks * std::uint64_t{parts.row_bytes()}));
  const double side = allowed_reduction(parts.size, request.renditions);
  planar::Decoded decoded;
  ASSIGN_OR_RETURN(decoded.picture, reduce_inks(parts, std::min(static_cast<std::size_t>(side),
                                                                planar::kMostBoxSide)));
  decoded.size = parts.size;
  decoded.profile = parts.profile;
  return decoded;
}

}  // namespace

Result<planar::Decoded> decode_psd(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Parts parts, take_psd_apart(file));
  if (parts.mode == Mode::cmyk) return decode_inks(parts, request);
  const planar::RowShape shape = shape_of(parts);
  constexpr std::uint64_t kCurve = 65536 * 2;
  const std::uint64_t rows = (parts.colors() + 1) * std::uint64_t{parts.row_bytes()} + kCurve +
                             std::uint64_t{parts.size.width} * shape.channels * 2;
  RETURN_IF_ERROR(planar::admit_rows(request, shape, rows));
  PixelRows pixels(parts);
  ASSIGN_OR_RETURN(planar::Decoded decoded,
                   planar::reduce_rows(request, shape, [&] { return pixels.next(); }));
  // Lab and floats have become sRGB.
  if (parts.mode != Mode::lab && parts.depth_bits != 32) decoded.profile = parts.profile;
  return decoded;
}

}  // namespace thumbmill::psd
