#include "libpng_reader.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdint>
#include <string_view>

#include <png.h>
#include <zlib.h>

#include "base/status.h"
#include "png_files.h"

namespace thumbmill {
namespace {

constexpr std::size_t kSignature = 8, kFront = 8, kCrc = 4;

struct Reading {
  LibpngPicture picture;
  std::size_t most_pixels = 0;
  std::size_t stride = 0;
  bool interlaced = false;
  std::size_t last_row = SIZE_MAX;
  int last_pass = -1;
};

Reading& reading_of(png_structp png) {
  return *static_cast<Reading*>(png_get_progressive_ptr(png));
}

[[noreturn]] void give_up(png_structp png, png_const_charp) { png_longjmp(png, 1); }
void say_nothing(png_structp, png_const_charp) {}

void on_header(png_structp png, png_infop info) {
  Reading& reading = reading_of(png);
  LibpngPicture& picture = reading.picture;
  picture.width = png_get_image_width(png, info);
  picture.height = png_get_image_height(png, info);
  if (picture.height > reading.most_pixels / picture.width) png_longjmp(png, 1);
  reading.interlaced = png_get_interlace_type(png, info) != PNG_INTERLACE_NONE;
  png_set_expand(png);
  png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  picture.channels = png_get_channels(png, info);
  picture.has_alpha = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0;
  picture.wide = png_get_bit_depth(png, info) == 16;
  reading.stride = png_get_rowbytes(png, info);
  picture.samples.resize(reading.stride * picture.height);
  picture.row_is_there.resize(picture.height);
}

void on_row(png_structp png, png_bytep row, png_uint_32 y, int pass) {
  Reading& reading = reading_of(png);
  LibpngPicture& picture = reading.picture;
  if (row == nullptr || y >= picture.height) return;
  auto* to = reinterpret_cast<png_bytep>(picture.samples.data() + y * reading.stride);
  png_progressive_combine_row(png, to, row);
  picture.row_is_there[y] = true;
  // Each row of a pass comes several times, for all rows that it stands for.
  constexpr std::array<std::size_t, 7> kRows{8, 8, 4, 4, 2, 2, 1};
  const std::size_t block = reading.interlaced ? kRows.at(static_cast<std::size_t>(pass)) : 1;
  const std::size_t source = y / block;
  if (pass != reading.last_pass || source != reading.last_row) ++picture.rows_read;
  reading.last_pass = pass;
  reading.last_row = source;
}

// Has no variables that change behind setjmp().
void push(png_structp png, png_infop info, const std::string& file) {
  if (setjmp(png_jmpbuf(png)) != 0) return;
  auto* bytes = reinterpret_cast<png_bytep>(const_cast<char*>(file.data()));
  png_process_data(png, info, bytes, file.size());
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(at, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// What `use` does with type and data of each chunk, as far as the file goes.
template <typename Use>
void for_each_chunk(std::string_view file, Use use) {
  std::size_t at = kSignature;
  while (at + kFront <= file.size()) {
    const std::size_t length = number_at(file, at);
    if (length > PNG_UINT_31_MAX) return;
    const std::string_view data = file.substr(at + kFront, length);
    if (!use(file.substr(at + 4, 4), data)) return;
    at += kFront + data.size() + kCrc;
  }
}

bool is_critical(std::string_view type) { return (type[0] & 0x20) == 0; }

// `data`, whose entries have `size` bytes, with its last one again up to `count` entries.
std::string extended(std::string data, std::size_t size, std::size_t count) {
  const std::string last = data.substr(data.size() - size);
  while (data.size() < size * count) data += last;
  return data;
}

// Changes the chunks of a palette so that they say what is to become of indices behind it.
class PaletteExtension {
 public:
  std::string changed(std::string_view type, std::string data) {
    if (type == "IHDR" && data.size() == 13) {
      const bool indexed = data[9] == 3 && data[8] >= 1 && data[8] <= 8;
      most_ = indexed ? std::size_t{1} << data[8] : 0;
    } else if (type == "PLTE" && most_ > 0 && entries_ == 0 && !data.empty() &&
               data.size() % 3 == 0) {
      entries_ = std::min(data.size() / 3, most_);
      data = extended(std::move(data), 3, most_);
    } else if (type == "tRNS" && entries_ > 0 && data.size() == entries_) {
      // A shorter one leaves the last entry opaque, and so what is behind it.
      data = extended(std::move(data), 1, most_);
    }
    return data;
  }

 private:
  std::size_t most_ = 0;
  std::size_t entries_ = 0;
};

// The CRCs of critical chunks but the header's are right. libpng can be told that they do not
// matter, but then a chunk's type goes without a check when the chunk in front of it is critical
// (1.6.39, png_push_read_chunk), so that those that are not critical seem to be wrong.
std::string forgiving(const std::string& file) {
  std::string made = file.substr(0, kSignature);
  PaletteExtension palette;
  std::size_t at = kSignature;
  for_each_chunk(file, [&](std::string_view type, std::string_view data) {
    const std::string_view whole = std::string_view(file).substr(at, kFront + data.size() + kCrc);
    at += whole.size();
    const bool cut =
        whole.size() < kFront + data.size() + kCrc || number_at(whole, 0) != data.size();
    const std::string right = png_chunk(type, data);
    if (cut || (whole != right && (!is_critical(type) || type == "IHDR"))) {
      made += whole;
    } else {
      made += png_chunk(type, palette.changed(type, std::string(data)));
    }
    return true;
  });
  return made + file.substr(std::min(at, file.size()));
}

std::string inflated(const std::string& stream, std::size_t most) {
  z_stream zlib{};
  THUMBMILL_CHECK(inflateInit(&zlib) == Z_OK);
  std::string out(most, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stream.data()));
  zlib.avail_in = static_cast<uInt>(stream.size());
  zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  zlib.avail_out = static_cast<uInt>(out.size());
  while (inflate(&zlib, Z_NO_FLUSH) == Z_OK && zlib.avail_out > 0) continue;
  out.resize(most - zlib.avail_out);
  inflateEnd(&zlib);
  return out;
}

std::string image_data(const std::string& file) {
  std::string data;
  bool begun = false;
  for_each_chunk(file, [&](std::string_view type, std::string_view bytes) {
    if (type == "IDAT") data += bytes;
    begun |= type == "IDAT";
    return !begun || !is_critical(type) || type == "IDAT";
  });
  return data;
}

}  // namespace

LibpngPicture read_by_libpng(const std::string& file, std::size_t most_pixels) {
  Reading reading;
  reading.most_pixels = most_pixels;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, give_up, say_nothing);
  THUMBMILL_CHECK(png != nullptr);
  png_infop info = png_create_info_struct(png);
  THUMBMILL_CHECK(info != nullptr);
  png_set_option(png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
  png_set_benign_errors(png, 1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_chunk_malloc_max(png, 0);
  png_set_chunk_cache_max(png, 0);
  png_set_progressive_read_fn(png, &reading, on_header, on_row, nullptr);
  const std::string forgiven = forgiving(file);
  push(png, info, forgiven);
  png_destroy_read_struct(&png, &info, nullptr);
  return reading.picture;
}

std::string rows_by_zlib(const std::string& file, std::size_t most_pixels, std::size_t& rows) {
  rows = 0;
  PngHeader header;
  for_each_chunk(file, [&](std::string_view type, std::string_view data) {
    if (type != "IHDR" || data.size() != 13) return false;
    header = {number_at(data, 0), number_at(data, 4), static_cast<std::uint8_t>(data[8]),
              static_cast<PngColor>(data[9]), data[12] == 1};
    return false;
  });
  if (header.width_px == 0 || header.height_px > most_pixels / header.width_px) return {};
  std::string data = inflated(image_data(file), static_cast<std::size_t>(header.raw_bytes()));
  std::size_t used = 0;
  // False behind the last row that is whole.
  const auto take = [&](std::size_t width, std::size_t height) {
    for (std::size_t y = 0; y < height; ++y) {
      const std::size_t stride = header.row_bytes(width) + 1;
      if (used + stride > data.size() || static_cast<unsigned char>(data[used]) > 4) return false;
      used += stride;
      ++rows;
    }
    return true;
  };
  if (!header.interlaced) {
    take(header.width_px, header.height_px);
  } else {
    for (const Adam7Pass& pass : kAdam7) {
      if (!take(pass.width(header), pass.height(header))) break;
    }
  }
  data.resize(used);
  return data;
}

std::string with_image_data(const std::string& file, const std::string& rows) {
  std::string made = file.substr(0, kSignature);
  std::size_t at = kSignature;
  for_each_chunk(file, [&](std::string_view type, std::string_view data) {
    if (type == "IDAT") return false;
    made += file.substr(at, kFront + data.size() + kCrc);
    at = made.size();
    return true;
  });
  return made + png_chunk("IDAT", zlib_stream(rows)) + png_chunk("IEND", "");
}

}  // namespace thumbmill
