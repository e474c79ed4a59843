#include "image/tiff/tiff_kernel.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "image/limit_checks.h"
#include "image/planar/box_reduce.h"
#include "image/planar/linear_light.h"
#include "image/planar/render.h"
#include "image/reduction.h"
#include "image/tiff/coded_size.h"
#include "image/tiff/layout.h"
#include "image/tiff/pages.h"
#include "image/tiff/pixels.h"
#include "image/tiff/segments.h"
#include "image/tiff/tiff_file.h"

namespace thumbmill::tiff {
namespace {

// More are not counted.
constexpr std::uint32_t kMostPagesCounted = 100'000;

Status undecodable(const char* detail) {
  return Status(Code::corrupt_input, "the image cannot be decoded", detail);
}

Status check_pages(std::string_view file, const ImageLimits& limits) {
  const std::uint32_t pages = count_pages(file, std::max(limits.max_pages, kMostPagesCounted));
  if (pages <= limits.max_pages) return Status();
  return Status(Code::too_large,
                fmt::format("the image has {} pages; max-pages is {}", pages, limits.max_pages));
}

std::uint64_t memory(const Layout& layout, std::size_t side) {
  constexpr std::uint64_t kRows = 8;  // of pixels, sums and means of boxes
  constexpr std::uint64_t kBytesPerSample = 4;
  const planar::BoxGrid across(layout.size.width, side);
  const planar::BoxGrid down(layout.size.height, side);
  constexpr std::uint64_t kMostChannels = 4;
  return segments_memory(layout) + layout.size.width * kMostChannels * kBytesPerSample * kRows +
         across.count() * down.count() * kMostChannels;
}

// Whether a profile describes the pixels, and not the samples that they were computed from.
bool has_file_colors(const Layout& layout) {
  switch (layout.colors) {
    case Colors::cie_lab:
    case Colors::icc_lab:
    case Colors::itu_lab:
      return false;
    default:
      return true;
  }
}

// Nothing when no pixel could be decoded.
std::optional<planar::Picture> read_pixels(Segments& segments, PixelRows& rows,
                                           const Layout& layout, std::size_t side,
                                           const planar::RowConversion* conversion) {
  const auto reducer =
      planar::make_box_reducer(layout.size.width, layout.size.height, rows.channels(),
                               rows.has_alpha(), rows.wide(), side, conversion);
  bool any = false;
  for (std::size_t done = 0; done < layout.size.height;) {
    const Band& band = segments.next();
    any = any || std::any_of(band.pieces.begin(), band.pieces.end(),
                             [](const Piece& piece) { return piece.rows > 0; });
    for (std::size_t row = 0; row < band.rows; ++row) reducer->add(rows.convert(band, row));
    done += band.rows;
  }
  if (!any) return std::nullopt;
  return reducer->take();
}

}  // namespace

Result<planar::Decoded> decode_tiff(std::string_view file, const ThumbnailRequest& request) {
  const std::uint64_t most_at_once = request.limits.max_memory_bytes;
  auto opened = TiffFile::open(file, most_at_once);
  if (opened == nullptr) return undecodable("libtiff cannot open it");
  prepare(*opened);
  ASSIGN_OR_RETURN(const Layout layout, read_layout(*opened, request.limits));
  RETURN_IF_ERROR(check_pages(file, request.limits));
  Palette palette;
  if (layout.colors == Colors::palette) {
    palette = read_palette(*opened, layout);
    if (palette.empty()) return undecodable("no colour map");
  }
  planar::Decoded decoded;
  decoded.size = planar::upright(layout.size, layout.orientation);
  const auto side =
      std::min(static_cast<std::size_t>(allowed_reduction(decoded.size, request.renditions)),
               planar::kMostBoxSide);
  const auto ask = [&](std::uint64_t needed) {
    return needed <= most_at_once ? planar::ask_for_memory(request, decoded.size, needed)
                                  : no_memory();
  };
  const std::uint64_t needed = memory(layout, side);
  RETURN_IF_ERROR(ask(needed));
  // To look at all segments takes memory as well.
  const std::uint64_t window_bytes = most_window_bytes(opened->get(), file, layout);
  if (window_bytes > 0) RETURN_IF_ERROR(ask(needed + layout.planes() * window_bytes));
  if (has_file_colors(layout)) decoded.profile = read_profile(*opened);
  ASSIGN_OR_RETURN(const auto segments,
                   open_segments(std::move(opened), file, most_at_once, layout, request.limits));
  PixelRows rows(layout, palette);
  std::optional<planar::LinearToSrgbCurve> curve;
  if (auto profile = planar::with_srgb_curve(decoded.profile, rows.model())) {
    decoded.profile = *std::move(profile);
    curve.emplace();
  }
  auto picture = read_pixels(*segments, rows, layout, side, curve ? &*curve : nullptr);
  if (!picture) return undecodable("no segment can be decoded");
  decoded.picture = *std::move(picture);
  decoded.picture.orientation = layout.orientation;
  return decoded;
}

}  // namespace thumbmill::tiff
