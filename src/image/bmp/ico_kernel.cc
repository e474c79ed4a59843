#include "image/bmp/ico_kernel.h"

#include <optional>

#include "image/bmp/dib.h"
#include "image/bmp/dib_rows.h"
#include "image/byte_order.h"
#include "image/limit_checks.h"
#include "image/planar/rows.h"

namespace thumbmill::bmp {
namespace {

constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};

Status corrupt(const char* why) {
  return Status(Code::corrupt_input, "the image cannot be decoded", why);
}

struct Entry {
  std::string_view bytes;
  std::uint64_t pixels = 0;
  unsigned bits = 0;

  bool is_png() const { return bytes.starts_with(kPngSignature); }
  bool is_better_than(const Entry& other) const {
    return pixels != other.pixels ? pixels > other.pixels : bits > other.bits;
  }
};

// By what the image's own header says. Nothing when that cannot be read.
std::optional<Entry> read_entry(std::string_view bytes) {
  constexpr unsigned kPngBits = 32;
  Entry entry{bytes};
  if (entry.is_png()) {
    const std::uint64_t width = big_endian_at(bytes, 16, 4);  // PNG 3rd edition 11.2.1
    entry.pixels = width * big_endian_at(bytes, 20, 4);
    entry.bits = kPngBits;
    return entry;
  }
  const auto dib = read_dib(bytes, 0, Container::icon);
  if (!dib.ok()) return std::nullopt;
  entry.pixels = std::uint64_t{dib->size.width} * dib->size.height;
  entry.bits = dib->bits;
  return entry;
}

std::optional<Entry> best_entry(std::string_view file) {
  constexpr std::size_t kDirectory = 6;
  constexpr std::size_t kEntryBytes = 16;
  const std::size_t count = little_endian_at(file, 4, 2);
  std::optional<Entry> best;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kDirectory + i * kEntryBytes;
    if (at + kEntryBytes > file.size()) break;
    const std::string_view bytes = bytes_at(file, little_endian_at(file, at + 12, 4));
    const std::optional<Entry> entry = read_entry(bytes);
    if (entry && (!best || entry->is_better_than(*best))) best = entry;
  }
  return best;
}

// The rows of a bitmap whose alpha is in a mask behind its colours: a bit a pixel, 1 is clear.
class MaskedIconRows {
 public:
  explicit MaskedIconRows(const Dib& dib)
      : width_(dib.size.width),
        mask_stride_((width_ + 31) / 32 * 4),
        mask_(bytes_at(dib.data, dib.stride() * dib.size.height)),
        rows_(make_dib_rows(dib, 4)) {}

  const std::uint8_t* next() {
    std::uint8_t* const row = rows_->next();
    if (row == nullptr || mask_.size() < (width_ + 7) / 8) return row;
    for (std::size_t x = 0; x < width_; ++x) {
      const auto bits = static_cast<std::uint8_t>(mask_[x / 8]);
      if ((bits >> (7 - x % 8) & 1) != 0) row[4 * x + 3] = 0;
    }
    mask_ = bytes_at(mask_, mask_stride_);
    return row;
  }

 private:
  const std::size_t width_;
  const std::size_t mask_stride_;
  std::string_view mask_;
  const std::unique_ptr<DibRows> rows_;
};

Result<planar::Decoded> decode_bitmap(std::string_view bytes, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Dib dib, read_dib(bytes, 0, Container::icon));
  if (dib.compression != Compression::none) {
    return Status(Code::unsupported, "an icon in run lengths is not decoded");
  }
  RETURN_IF_ERROR(check_size(dib.size.width, dib.size.height, request.limits));
  planar::RowShape shape = shape_of(dib);
  const bool by_mask = !shape.has_alpha;
  shape.has_alpha = true;
  shape.channels = 4;
  RETURN_IF_ERROR(planar::admit_rows(request, shape, dib.size.width * std::uint64_t{4}));
  if (by_mask) {
    // All alpha is 0, which the mask stands for then.
    Dib opaque = dib;
    opaque.masks[3] = 0;
    MaskedIconRows rows(opaque);
    return planar::reduce_rows(request, shape, [&] { return rows.next(); });
  }
  const auto rows = make_dib_rows(dib, 4);
  return planar::reduce_rows(request, shape, [&] { return rows->next(); });
}

}  // namespace

Result<planar::Decoded> decode_ico(std::string_view file, const ThumbnailRequest& request,
                                   Result<planar::Decoded> (*decode_png)(std::string_view,
                                                                         const ThumbnailRequest&)) {
  const std::uint32_t kind = little_endian_at(file, 2, 2);
  const bool known = little_endian_at(file, 0, 2) == 0 && (kind == 1 || kind == 2);
  if (!known || file.size() < 6) return corrupt("an icon's directory");
  const std::optional<Entry> entry = best_entry(file);
  if (!entry) return corrupt("an icon without an image");
  return entry->is_png() ? decode_png(entry->bytes, request) : decode_bitmap(entry->bytes, request);
}

}  // namespace thumbmill::bmp
