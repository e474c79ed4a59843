#include "image/tga/tga_kernel.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "image/byte_order.h"
#include "image/limit_checks.h"
#include "image/planar/rows.h"
#include "image/tga/header.h"

namespace thumbmill::tga {
namespace {

using Pixel = std::array<std::uint8_t, 4>;  // red, green, blue, alpha; a grey one: grey, alpha

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

// `bytes` holds a colour of `bits`, blue first.
Pixel color_of(std::string_view bytes, unsigned bits) {
  if (bits >= 24) {
    return {byte_at(bytes, 2), byte_at(bytes, 1), byte_at(bytes, 0),
            bits == 32 ? byte_at(bytes, 3) : std::uint8_t{255}};
  }
  const std::uint32_t value = little_endian_at(bytes, 0, 2);
  const auto five_bits = [&](unsigned shift) {
    return static_cast<std::uint8_t>(((value >> shift & 31) * 255 + 15) / 31);
  };
  return {five_bits(10), five_bits(5), five_bits(0),
          static_cast<std::uint8_t>(value >> 15 != 0 ? 255 : 0)};
}

// Samples of a pixel.
std::size_t channels_of(const Header& header, bool has_alpha) {
  return (header.color == Color::grey ? 1 : 3) + (has_alpha ? 1 : 0);
}

// Runs may reach from one row into the next.
class Rows {
 public:
  Rows(const Header& header, bool has_alpha)
      : header_(header),
        has_alpha_(has_alpha),
        channels_(channels_of(header, has_alpha)),
        rest_(header.data),
        row_(header.size.width * channels_ + planar::kRowPadding) {
    if (header.color != Color::indexed) return;  // its palette is not used, if there is one
    const std::size_t bytes = (header.palette_bits + 7) / 8;
    for (std::size_t at = 0; at + bytes <= header.palette.size(); at += bytes) {
      palette_.push_back(color_of(header.palette.substr(at, bytes), header.palette_bits));
    }
  }

  const std::uint8_t* next() {
    std::uint8_t* to = row_.data();
    for (std::size_t x = 0; x < header_.size.width; ++x, to += channels_) {
      if (!take_pixel()) return nullptr;
      std::memcpy(to, pixel_.data(), 4);  // what is too much, the next one overwrites
    }
    return row_.data();
  }

 private:
  bool take_pixel() {
    if (header_.run_lengths && left_ == 0) {
      if (rest_.empty()) return false;
      const unsigned packet = byte_at(rest_, 0);
      rest_.remove_prefix(1);
      left_ = (packet & 127) + 1;
      repeats_ = packet >= 128;
      fresh_ = true;
    }
    if (header_.run_lengths) --left_;
    if (header_.run_lengths && repeats_ && !fresh_) return true;
    fresh_ = false;
    const std::size_t bytes = header_.pixel_bytes();
    if (rest_.size() < bytes) return false;
    pixel_ = read(rest_.substr(0, bytes));
    rest_.remove_prefix(bytes);
    return true;
  }

  Pixel read(std::string_view bytes) const {
    Pixel pixel{0, 0, 0, 255};
    if (header_.color == Color::grey) {
      return {byte_at(bytes, 0), header_.bits == 16 ? byte_at(bytes, 1) : std::uint8_t{255}};
    }
    if (header_.color == Color::rgb) {
      pixel = color_of(bytes, header_.bits);
    } else {
      const std::size_t index = little_endian_at(bytes, 0, bytes.size());
      const std::size_t entry = index - header_.first_index;  // of too small an index too large
      if (entry < palette_.size()) pixel = palette_[entry];
    }
    if (has_alpha_ && header_.alpha == Alpha::premultiplied && pixel[3] > 0) {
      for (std::size_t c = 0; c < 3; ++c) {
        pixel[c] = static_cast<std::uint8_t>(std::min(255, pixel[c] * 255 / pixel[3]));
      }
    }
    return pixel;
  }

  const Header& header_;
  const bool has_alpha_;
  const std::size_t channels_;
  std::string_view rest_;
  std::vector<Pixel> palette_;
  std::size_t left_ = 0;  // pixels of the packet
  bool repeats_ = false;  // one pixel stands for all of the packet
  bool fresh_ = false;    // no pixel of the packet was read
  Pixel pixel_{};
  std::vector<std::uint8_t> row_;
};

// Whether alpha is anything but 0 anywhere.
bool uses_alpha(const Header& header) {
  if (header.alpha == Alpha::none) return false;
  Rows rows(header, true);
  const std::size_t channels = channels_of(header, true);
  for (std::uint32_t y = 0; y < header.size.height; ++y) {
    const std::uint8_t* const row = rows.next();
    if (row == nullptr) return false;
    for (std::size_t x = 0; x < header.size.width; ++x) {
      if (row[x * channels + channels - 1] != 0) return true;
    }
  }
  return false;
}

}  // namespace

Result<planar::Decoded> decode_tga(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Header header, read_header(file));
  RETURN_IF_ERROR(check_size(header.size.width, header.size.height, request.limits));
  planar::RowShape shape;
  shape.size = header.size;
  shape.orientation = header.orientation;
  shape.has_alpha = uses_alpha(header);
  shape.channels = channels_of(header, shape.has_alpha);
  RETURN_IF_ERROR(planar::admit_rows(request, shape, header.size.width * std::uint64_t{4}));
  Rows rows(header, shape.has_alpha);
  return planar::reduce_rows(request, shape, [&] { return rows.next(); });
}

}  // namespace thumbmill::tga
