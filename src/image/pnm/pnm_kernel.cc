#include "image/pnm/pnm_kernel.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "image/planar/rows.h"
#include "image/pnm/header.h"

namespace thumbmill::pnm {
namespace {

// Rows as samples over 0 to 255, or 0 to 65535 when the largest value takes two bytes.
class Rows {
 public:
  explicit Rows(const Header& header)
      : header_(header),
        rest_(header.data),
        row_samples_(header.size.width * header.used),
        row_bytes_(bytes_of_row(header)) {
    const bool wide = header.max_value > 255;
    if (wide) wide_.resize(row_samples_ + planar::kRowPadding);
    if (!wide) narrow_.resize(row_samples_ + planar::kRowPadding);
    for (std::uint32_t i = 0; !wide && i < 256; ++i) spread_[i] = spread<std::uint8_t, 255>(i);
  }

  const void* next() {
    switch (header_.storage) {
      case Storage::text:
        return header_.max_value > 255 ? from_text<std::uint16_t, 65535>(wide_)
                                       : from_text<std::uint8_t, 255>(narrow_);
      case Storage::text_bits:
        return from_text_bits();
      case Storage::packed_bits:
        return from_packed_bits();
      case Storage::numbers:
        return header_.max_value > 255 ? from_wide_numbers() : from_numbers();
    }
    return nullptr;
  }

 private:
  static std::size_t bytes_of_row(const Header& header) {
    if (header.storage == Storage::packed_bits) return (std::size_t{header.size.width} + 7) / 8;
    return header.size.width * header.stored * (header.max_value > 255 ? 2 : 1);
  }

  template <typename Sample, std::uint32_t kMost>
  Sample spread(std::uint32_t value) const {
    const std::uint32_t most = header_.max_value;
    const std::uint64_t product = std::uint64_t{std::min(value, most)} * kMost;
    return static_cast<Sample>((product + most / 2) / most);
  }

  // The next row's bytes; null when they are not all there.
  const std::uint8_t* take_bytes() {
    if (rest_.size() < row_bytes_) return nullptr;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(rest_.data());
    rest_.remove_prefix(row_bytes_);
    return bytes;
  }

  template <typename Sample, std::uint32_t kMost>
  const void* from_text(std::vector<Sample>& row) {
    for (std::size_t i = 0; i < row_samples_; ++i) {
      skip_space(rest_);
      const std::optional<std::uint32_t> value = take_number(rest_);
      if (!value) return nullptr;
      row[i] = spread<Sample, kMost>(*value);
    }
    return row.data();
  }

  const void* from_text_bits() {
    for (std::size_t i = 0; i < row_samples_; ++i) {
      skip_space(rest_);
      if (!rest_.starts_with('0') && !rest_.starts_with('1')) return nullptr;
      narrow_[i] = rest_.front() == '1' ? 0 : 255;
      rest_.remove_prefix(1);
    }
    return narrow_.data();
  }

  const void* from_packed_bits() {
    const std::uint8_t* const bytes = take_bytes();
    if (bytes == nullptr) return nullptr;
    for (std::size_t x = 0; x < row_samples_; ++x) {
      narrow_[x] = (bytes[x / 8] >> (7 - x % 8) & 1) != 0 ? 0 : 255;
    }
    return narrow_.data();
  }

  const void* from_numbers() {
    const std::uint8_t* bytes = take_bytes();
    if (bytes == nullptr) return nullptr;
    const bool as_it_is = header_.max_value == 255 && header_.used == header_.stored;
    if (as_it_is && rest_.size() >= planar::kRowPadding) return bytes;
    std::uint8_t* to = narrow_.data();
    for (std::size_t x = 0; x < header_.size.width; ++x, bytes += header_.stored) {
      for (std::size_t c = 0; c < header_.used; ++c) *to++ = spread_[bytes[c]];
    }
    return narrow_.data();
  }

  const void* from_wide_numbers() {
    const std::uint8_t* bytes = take_bytes();
    if (bytes == nullptr) return nullptr;
    std::uint16_t* to = wide_.data();
    for (std::size_t x = 0; x < header_.size.width; ++x, bytes += 2 * header_.stored) {
      for (std::size_t c = 0; c < header_.used; ++c) {
        const std::uint32_t value = std::uint32_t{bytes[2 * c]} << 8 | bytes[2 * c + 1];
        *to++ = spread<std::uint16_t, 65535>(value);
      }
    }
    return wide_.data();
  }

  const Header& header_;
  std::string_view rest_;
  const std::size_t row_samples_;
  const std::size_t row_bytes_;
  std::uint8_t spread_[256] = {};
  std::vector<std::uint8_t> narrow_;
  std::vector<std::uint16_t> wide_;
};

}  // namespace

Result<planar::Decoded> decode_pnm(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Header header, read_header(file));
  planar::RowShape shape;
  shape.size = header.size;
  shape.channels = header.used;
  shape.has_alpha = header.has_alpha;
  shape.wide = header.max_value > 255;
  const std::uint64_t row = std::uint64_t{header.size.width} * header.used * (shape.wide ? 2 : 1);
  RETURN_IF_ERROR(planar::admit_rows(request, shape, row));
  Rows rows(header);
  return planar::reduce_rows(request, shape, [&] { return rows.next(); });
}

}  // namespace thumbmill::pnm
