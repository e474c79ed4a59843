#include "image/png/inflate.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include <libdeflate.h>
#include <zlib.h>

namespace thumbmill {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const {
    libdeflate_free_decompressor(decompressor);
  }
};

// One zlib stream in one piece of memory; copied into `joined` unless it is so already.
std::string_view join(const std::vector<std::string_view>& pieces, std::string& joined) {
  if (pieces.size() == 1) return pieces[0];
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  joined.reserve(size);
  for (const std::string_view piece : pieces) joined += piece;
  return joined;
}

}  // namespace

// zlib over the pieces of the image data.
class PngRows::Stream {
 public:
  explicit Stream(const std::vector<std::string_view>& pieces) : pieces_(pieces) {
    // Distances up to 32 KiB, whatever the stream declares, as browsers have it.
    if (inflateInit(&zlib_) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { inflateEnd(&zlib_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // `size` bytes, or those that there still are; how many.
  std::size_t fill(std::uint8_t* to, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size && !ended_) {
      // zlib counts in 32 bits, and a row may have more bytes.
      constexpr std::size_t kMost = std::size_t{1} << 30;
      const std::size_t room = std::min(size - filled, kMost);
      zlib_.next_out = to + filled;
      zlib_.avail_out = static_cast<uInt>(room);
      while (zlib_.avail_out > 0 && !ended_) step();
      filled += room - zlib_.avail_out;
    }
    return filled;
  }

 private:
  void step() {
    while (zlib_.avail_in == 0 && next_ < pieces_.size()) {
      const std::string_view piece = pieces_[next_++];
      zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      zlib_.avail_in = static_cast<uInt>(piece.size());  // a chunk has less than 2^31 bytes
    }
    // Z_BUF_ERROR, too, is an end: there is room, so that more input is wanted and there is none.
    ended_ = inflate(&zlib_, Z_NO_FLUSH) != Z_OK;
  }

  const std::vector<std::string_view>& pieces_;
  std::size_t next_ = 0;
  z_stream zlib_{};
  bool ended_ = false;
};

PngRows::PngRows(const PngParts& parts, std::uint64_t whole_bytes) : parts_(parts) {
  const std::uint64_t raw_bytes = parts.header.raw_bytes();
  const std::size_t band = kBandRows * (parts.header.row_bytes() + 1);
  const bool whole = raw_bytes <= whole_bytes;
  const std::size_t room = whole ? std::max(static_cast<std::size_t>(raw_bytes), band) : band;
  // Not cleared: every byte that is used is written before.
  rows_.reset(new std::uint8_t[room + kPadding]);
  std::memset(rows_.get() + room, 0, kPadding);
  if (whole && inflate_whole(static_cast<std::size_t>(raw_bytes))) return;
  stream_ = std::make_unique<Stream>(parts.data);
}

PngRows::~PngRows() = default;

// False for a stream that is damaged, or longer than the picture: of these only zlib gives what is
// in front of the damage.
bool PngRows::inflate_whole(std::size_t room) {
  std::string joined;
  const std::string_view stream = join(parts_.data, joined);
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  return libdeflate_zlib_decompress(decompressor.get(), stream.data(), stream.size(), rows_.get(),
                                    room, &size_) == LIBDEFLATE_SUCCESS;
}

PngRows::Band PngRows::next(std::size_t rows, std::size_t row_bytes) {
  const std::size_t stride = row_bytes + 1;
  if (stream_ != nullptr) {
    return {rows_.get(), stream_->fill(rows_.get(), rows * stride) / stride};
  }
  const Band band{rows_.get() + at_, std::min(rows, (size_ - at_) / stride)};
  at_ = band.count < rows ? size_ : at_ + rows * stride;
  return band;
}

}  // namespace thumbmill
