#include "image/png/inflate.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include <libdeflate.h>
#include <zlib.h>

namespace thumbmill {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// libpng has zlib hold distances against the window that the stream declares (RFC 1950 2.2, CINFO),
// which libdeflate does not. Only streams that cannot break the rule are taken: nearly all.
bool window_covers(const PngParts& parts, std::uint64_t raw_bytes) {
  for (const std::string_view piece : parts.data) {
    if (piece.empty()) continue;
    const unsigned window_bits = (static_cast<unsigned char>(piece[0]) >> 4) + 8u;
    return window_bits >= 15 || raw_bytes <= std::uint64_t{1} << window_bits;
  }
  return false;
}

// One zlib stream in one piece of memory; copied into `joined` unless it is so already. Empty when
// there is no memory.
std::string_view join(const std::vector<std::string_view>& pieces,
                      std::unique_ptr<std::uint8_t[]>& joined) {
  if (pieces.size() == 1) return pieces[0];
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  joined.reset(new (std::nothrow) std::uint8_t[size]);
  if (joined == nullptr) return {};
  std::size_t at = 0;
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) std::memcpy(joined.get() + at, piece.data(), piece.size());
    at += piece.size();
  }
  return {reinterpret_cast<const char*>(joined.get()), size};
}

}  // namespace

// zlib over the pieces of the image data.
class PngRows::Stream {
 public:
  explicit Stream(const std::vector<std::string_view>& pieces) : pieces_(pieces) {
    usable_ = inflateInit(&zlib_) == Z_OK;
  }
  ~Stream() { inflateEnd(&zlib_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Exactly `size` bytes.
  bool fill(std::uint8_t* to, std::size_t size) {
    if (!usable_ || size > std::numeric_limits<uInt>::max()) return false;
    zlib_.next_out = to;
    zlib_.avail_out = static_cast<uInt>(size);
    while (zlib_.avail_out > 0 && !ended_) {
      if (!step()) return false;
    }
    return zlib_.avail_out == 0;
  }

  // Whether nothing follows, in the stream or behind it.
  bool ended() {
    std::uint8_t surplus = 0;
    if (!usable_) return false;
    zlib_.next_out = &surplus;
    zlib_.avail_out = 1;
    while (!ended_ && zlib_.avail_out == 1) {
      if (!step()) return false;
    }
    return ended_ && zlib_.avail_out == 1 && zlib_.avail_in == 0 &&
           std::all_of(pieces_.begin() + static_cast<std::ptrdiff_t>(next_), pieces_.end(),
                       [](std::string_view piece) { return piece.empty(); });
  }

 private:
  bool step() {
    while (zlib_.avail_in == 0 && next_ < pieces_.size()) {
      const std::string_view piece = pieces_[next_++];
      zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      zlib_.avail_in = static_cast<uInt>(piece.size());  // a chunk has less than 2^31 bytes
    }
    // Z_BUF_ERROR, too, is a failure: there is room, so that more input is wanted and there is
    // none.
    const int code = inflate(&zlib_, Z_NO_FLUSH);
    ended_ = code == Z_STREAM_END;
    return ended_ || code == Z_OK;
  }

  const std::vector<std::string_view>& pieces_;
  std::size_t next_ = 0;
  z_stream zlib_{};
  bool usable_ = false;
  bool ended_ = false;
};

PngRows::PngRows(const PngParts& parts, std::uint64_t whole_bytes)
    : parts_(parts), stride_(parts.header.row_bytes() + 1) {
  const std::uint64_t raw_bytes = parts.header.raw_bytes();
  if (!window_covers(parts, raw_bytes)) return;
  whole_ = raw_bytes <= whole_bytes;
  const std::size_t size = whole_ ? static_cast<std::size_t>(raw_bytes) : kBandRows * stride_;
  // Not cleared: every byte that is used is written before.
  rows_.reset(new (std::nothrow) std::uint8_t[size + kPadding]);
  if (rows_ == nullptr) return;
  std::memset(rows_.get() + size, 0, kPadding);
  if (whole_) {
    if (!inflate_whole()) rows_.reset();
  } else {
    stream_ = std::make_unique<Stream>(parts.data);
  }
}

PngRows::~PngRows() = default;

bool PngRows::inflate_whole() {
  std::unique_ptr<std::uint8_t[]> joined;
  const std::string_view stream = join(parts_.data, joined);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return false;
  std::size_t used = 0;
  // Without room for the size that came out, only exactly the size that is asked for is a success.
  const auto result = libdeflate_zlib_decompress_ex(
      decompressor.get(), stream.data(), stream.size(), rows_.get(),
      static_cast<std::size_t>(parts_.header.raw_bytes()), &used, nullptr);
  return result == LIBDEFLATE_SUCCESS && used == stream.size();
}

const std::uint8_t* PngRows::next(std::size_t rows) {
  if (rows_ == nullptr || rows > kBandRows) return nullptr;
  if (stream_ != nullptr) {
    return stream_->fill(rows_.get(), rows * stride_) ? rows_.get() : nullptr;
  }
  const std::uint8_t* band = rows_.get() + at_;
  if (rows * stride_ > parts_.header.raw_bytes() - at_) return nullptr;
  at_ += rows * stride_;
  return band;
}

bool PngRows::ended() {
  if (rows_ == nullptr) return false;
  return stream_ != nullptr ? stream_->ended() : at_ == parts_.header.raw_bytes();
}

}  // namespace thumbmill
