#include "damaged_png.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "base/status.h"
#include "png_files.h"

namespace thumbmill {
namespace {

constexpr std::size_t kSignatureBytes = 8, kAroundData = 12;
constexpr std::size_t kMostInflatedBytes = std::size_t{1} << 24;  // some seeds are bombs

struct Chunk {
  std::string_view type;
  std::string_view data;
};

// As far as the lengths lead; `rest`: what is left behind them.
std::vector<Chunk> chunks_of(std::string_view png, std::string_view& rest) {
  std::vector<Chunk> chunks;
  rest = png.substr(std::min(kSignatureBytes, png.size()));
  while (rest.size() >= kAroundData) {
    std::size_t size = 0;
    for (const char byte : rest.substr(0, 4)) size = size << 8 | static_cast<unsigned char>(byte);
    if (size > rest.size() - kAroundData) break;
    chunks.push_back({rest.substr(4, 4), rest.substr(8, size)});
    rest.remove_prefix(kAroundData + size);
  }
  return chunks;
}

std::optional<std::string> inflated(const std::string& stream) {
  z_stream zlib{};
  THUMBMILL_CHECK(inflateInit(&zlib) == Z_OK);
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stream.data()));
  zlib.avail_in = static_cast<uInt>(stream.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK && out.size() < kMostInflatedBytes) {
    std::string part(std::size_t{1} << 16, '\0');
    zlib.next_out = reinterpret_cast<Bytef*>(part.data());
    zlib.avail_out = static_cast<uInt>(part.size());
    result = inflate(&zlib, Z_NO_FLUSH);
    out.append(part, 0, part.size() - zlib.avail_out);
  }
  inflateEnd(&zlib);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace

std::string with_right_checksums(const std::string& png) {
  std::string file = png.substr(0, kSignatureBytes);
  std::string_view rest;
  for (const Chunk& chunk : chunks_of(png, rest)) file += png_chunk(chunk.type, chunk.data);
  return file += rest;
}

std::optional<std::string> with_changed_rows(
    const std::string& png, const std::function<std::string(std::string)>& change) {
  std::string_view rest;
  const std::vector<Chunk> chunks = chunks_of(png, rest);
  std::string before = png.substr(0, kSignatureBytes), stream, after;
  for (const Chunk& chunk : chunks) {
    if (chunk.type == "IDAT") {
      stream += chunk.data;
    } else {
      (stream.empty() ? before : after) += png_chunk(chunk.type, chunk.data);
    }
  }
  std::optional<std::string> rows = inflated(stream);
  if (!rows) return std::nullopt;
  return before + png_chunk("IDAT", zlib_stream(change(*std::move(rows)))) + after;
}

}  // namespace thumbmill
