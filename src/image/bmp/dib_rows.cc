#include "image/bmp/dib_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "image/bmp/run_lengths.h"
#include "image/byte_order.h"

namespace thumbmill::bmp {
namespace {

// One channel out of a pixel of 16, 24 or 32 bits, spread over 0 to 255.
class Channel {
 public:
  Channel() = default;
  explicit Channel(std::uint32_t mask) {
    if (mask == 0) return;
    const int bits = std::popcount(mask);
    shift_ = static_cast<unsigned>(std::countr_zero(mask) + std::max(0, bits - 8));
    mask_ = mask >> shift_;
    for (std::uint32_t value = 0; value <= mask_; ++value) {
      spread_[value] = static_cast<std::uint8_t>((value * 255 + mask_ / 2) / mask_);
    }
  }

  std::uint8_t of(std::uint32_t pixel) const { return spread_[pixel >> shift_ & mask_]; }

 private:
  unsigned shift_ = 0;
  std::uint32_t mask_ = 0;
  std::array<std::uint8_t, 256> spread_{};
};

class PlainRows : public DibRows {
 public:
  PlainRows(const Dib& dib, std::size_t channels)
      : dib_(dib),
        channels_(channels),
        rest_(dib.data),
        row_(dib.size.width * channels + planar::kRowPadding) {}

  std::uint8_t* next() final {
    // The last row's padding may be missing.
    if (rest_.size() < dib_.row_bytes()) return nullptr;
    read(reinterpret_cast<const std::uint8_t*>(rest_.data()), row_.data());
    rest_.remove_prefix(std::min(dib_.stride(), rest_.size()));
    return row_.data();
  }

 protected:
  virtual void read(const std::uint8_t* from, std::uint8_t* to) = 0;

  const Dib& dib_;
  const std::size_t channels_;

 private:
  std::string_view rest_;
  std::vector<std::uint8_t> row_;
};

class IndexedRows final : public PlainRows {
 public:
  IndexedRows(const Dib& dib, std::size_t channels)
      : PlainRows(dib, channels), palette_(palette_of(dib)) {}

 private:
  void read(const std::uint8_t* from, std::uint8_t* to) override {
    const unsigned bits = dib_.bits;
    const unsigned mask = (1u << bits) - 1;
    for (std::size_t x = 0; x < dib_.size.width; ++x, to += channels_) {
      const std::size_t bit = x * bits;
      const unsigned index = from[bit / 8] >> (8 - bits - bit % 8) & mask;
      std::memcpy(to, palette_[index].data(), 4);  // the next pixel takes the fourth byte of three
    }
  }

  const Palette palette_;
};

class MaskedRows final : public PlainRows {
 public:
  MaskedRows(const Dib& dib, std::size_t channels)
      : PlainRows(dib, channels), has_alpha_(dib.masks[3] != 0) {
    for (std::size_t c = 0; c < 4; ++c) channel_[c] = Channel(dib.masks[c]);
  }

 private:
  void read(const std::uint8_t* from, std::uint8_t* to) override {
    const std::size_t bytes = dib_.bits / 8;
    for (std::size_t x = 0; x < dib_.size.width; ++x, from += bytes, to += channels_) {
      std::uint32_t pixel = 0;
      for (std::size_t i = 0; i < bytes; ++i) pixel |= std::uint32_t{from[i]} << (8 * i);
      for (std::size_t c = 0; c < 3; ++c) to[c] = channel_[c].of(pixel);
      if (channels_ == 4) to[3] = has_alpha_ ? channel_[3].of(pixel) : 255;
    }
  }

  const bool has_alpha_;
  std::array<Channel, 4> channel_;
};

// Whether alpha is anything but 0 anywhere.
bool uses_alpha(const Dib& dib) {
  if (dib.masks[3] == 0 || dib.bits <= 8) return false;
  const std::size_t bytes = dib.bits / 8;
  std::string_view rest = dib.data;
  for (std::uint32_t y = 0; y < dib.size.height && rest.size() >= dib.row_bytes(); ++y) {
    for (std::size_t x = 0; x < dib.size.width; ++x) {
      if ((little_endian_at(rest, x * bytes, bytes) & dib.masks[3]) != 0) return true;
    }
    rest.remove_prefix(std::min(dib.stride(), rest.size()));
  }
  return false;
}

}  // namespace

planar::RowShape shape_of(const Dib& dib) {
  planar::RowShape shape;
  shape.size = dib.size;
  shape.has_alpha = dib.compression != Compression::none || uses_alpha(dib);
  shape.channels = shape.has_alpha ? 4 : 3;
  shape.orientation = dib.top_down ? 1 : 4;
  return shape;
}

std::unique_ptr<DibRows> make_dib_rows(const Dib& dib, std::size_t channels) {
  if (dib.compression != Compression::none) return std::make_unique<RunLengthRows>(dib);
  if (dib.bits <= 8) return std::make_unique<IndexedRows>(dib, channels);
  return std::make_unique<MaskedRows>(dib, channels);
}

}  // namespace thumbmill::bmp
