#include "tiff_files.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/status.h"

namespace thumbmill::tiff {
namespace {

using Number = std::function<std::uint64_t(std::uint32_t, std::uint32_t, std::size_t)>;

struct Memory {
  std::string bytes;
  std::uint64_t position = 0;

  static Memory& of(thandle_t handle) { return *static_cast<Memory*>(handle); }

  static tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
    Memory& self = of(handle);
    if (self.position >= self.bytes.size()) return 0;
    const std::size_t count =
        std::min<std::size_t>(static_cast<std::size_t>(size), self.bytes.size() - self.position);
    std::memcpy(to, self.bytes.data() + self.position, count);
    self.position += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t handle, void* from, tmsize_t size) {
    Memory& self = of(handle);
    const auto count = static_cast<std::size_t>(size);
    if (self.bytes.size() < self.position + count) self.bytes.resize(self.position + count);
    std::memcpy(self.bytes.data() + self.position, from, count);
    self.position += count;
    return size;
  }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    Memory& self = of(handle);
    if (whence == SEEK_CUR) offset += self.position;
    if (whence == SEEK_END) offset += self.bytes.size();
    return self.position = offset;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes.size(); }
};

// IEEE 754-like with fewer bits, of values from 0 to 1.
std::uint64_t small_real(double value, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);  // 0.5 to 1
  if (value == 0 || exponent - 1 + bias < 1) {
    return static_cast<std::uint64_t>(std::lround(std::ldexp(value, bias - 1 + mantissa_bits)));
  }
  const auto mantissa =
      static_cast<std::uint64_t>(std::lround(std::ldexp(fraction * 2 - 1, mantissa_bits)));
  return (static_cast<std::uint64_t>(exponent - 1 + bias) << mantissa_bits) + mantissa;
}

// Appends samples as a file has them before compression: whole ones in the machine's order, others
// packed.
class Packer {
 public:
  explicit Packer(int bits) : bits_(bits) {}

  void add(std::uint64_t number) {
    if (bits_ % 8 == 0 && (bits_ <= 32 || bits_ == 64)) {
      for (int i = 0; i < bits_; i += 8) bytes_.push_back(static_cast<std::uint8_t>(number >> i));
      return;
    }
    for (int i = bits_; i-- > 0;) {
      if (used_ == 0) bytes_.push_back(0);
      bytes_.back() |= static_cast<std::uint8_t>((number >> i & 1) << (7 - used_));
      used_ = (used_ + 1) % 8;
    }
  }
  void end_row() { used_ = 0; }
  std::vector<std::uint8_t>& bytes() { return bytes_; }

 private:
  int bits_;
  int used_ = 0;
  std::vector<std::uint8_t> bytes_;
};

struct Area {
  std::uint32_t left, top, width, height;
};

// Beyond the picture's edges its last row and column go on.
std::vector<std::uint8_t> packed(const TiffSpec& spec, const Number& number, const Area& area,
                                 std::size_t first, std::size_t count) {
  Packer packer(spec.bits);
  const auto at = [&](std::uint32_t x, std::uint32_t y, std::size_t sample) {
    return number(std::min(x, spec.width - 1), std::min(y, spec.height - 1), sample);
  };
  const auto [across, down] = spec.subsampling;
  const bool blocks = spec.photometric == PHOTOMETRIC_YCBCR && across * down > 1 &&
                      spec.compression != COMPRESSION_JPEG;
  for (std::uint32_t y = area.top; y < area.top + area.height; y += blocks ? down : 1) {
    for (std::uint32_t x = area.left; x < area.left + area.width; x += blocks ? across : 1) {
      if (!blocks) {
        for (std::size_t i = 0; i < count; ++i) packer.add(at(x, y, first + i));
        continue;
      }
      for (std::uint32_t i = 0; i < down; ++i) {
        for (std::uint32_t k = 0; k < across; ++k) packer.add(at(x + k, y + i, 0));
      }
      packer.add(at(x, y, 1));
      packer.add(at(x, y, 2));
    }
    packer.end_row();
  }
  return std::move(packer.bytes());
}

void set_tags(TIFF* file, const TiffSpec& spec) {
  TIFFSetField(file, TIFFTAG_IMAGEWIDTH, spec.width);
  TIFFSetField(file, TIFFTAG_IMAGELENGTH, spec.height);
  TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, spec.bits);
  TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, spec.samples);
  TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, spec.format);
  TIFFSetField(file, TIFFTAG_COMPRESSION, spec.compression);
  if (spec.effort > 0) {
    TIFFSetField(file,
                 spec.compression == COMPRESSION_LZMA ? TIFFTAG_LZMAPRESET : TIFFTAG_ZSTD_LEVEL,
                 spec.effort);
  }
  TIFFSetField(file, TIFFTAG_PHOTOMETRIC, spec.photometric);
  TIFFSetField(file, TIFFTAG_FILLORDER, spec.fill_order);
  TIFFSetField(file, TIFFTAG_ORIENTATION, spec.orientation);
  TIFFSetField(file, TIFFTAG_PLANARCONFIG,
               spec.separate ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  if (spec.predictor != 1) TIFFSetField(file, TIFFTAG_PREDICTOR, spec.predictor);
  if (!spec.extra.empty()) {
    TIFFSetField(file, TIFFTAG_EXTRASAMPLES, static_cast<int>(spec.extra.size()),
                 spec.extra.data());
  }
  if (!spec.profile.empty()) {
    TIFFSetField(file, TIFFTAG_ICCPROFILE, static_cast<std::uint32_t>(spec.profile.size()),
                 spec.profile.data());
  }
  if (spec.photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(file, TIFFTAG_YCBCRSUBSAMPLING, int{spec.subsampling[0]},
                 int{spec.subsampling[1]});
    if (spec.compression == COMPRESSION_JPEG && !spec.separate) {
      TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    }
  }
  if (spec.compression == COMPRESSION_JPEG) TIFFSetField(file, TIFFTAG_JPEGQUALITY, 98);
  if (spec.compression == COMPRESSION_WEBP) TIFFSetField(file, TIFFTAG_WEBP_LOSSLESS, 1);
  if (spec.compression == COMPRESSION_SGILOG) {
    TIFFSetField(file, TIFFTAG_SGILOGDATAFMT, SGILOGDATAFMT_FLOAT);
  }
  if (!spec.palette.empty()) {
    std::vector<std::uint16_t> map[3];
    for (std::size_t c = 0; c < 3; ++c) {
      for (const auto& color : spec.palette) map[c].push_back(color[c]);
    }
    TIFFSetField(file, TIFFTAG_COLORMAP, map[0].data(), map[1].data(), map[2].data());
  }
  if (spec.tile_width > 0) {
    TIFFSetField(file, TIFFTAG_TILEWIDTH, spec.tile_width);
    TIFFSetField(file, TIFFTAG_TILELENGTH, spec.tile_height);
  } else {
    TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, spec.rows_per_strip);
  }
}

void write_segments(TIFF* file, const TiffSpec& spec, const Number& number) {
  const bool tiled = spec.tile_width > 0;
  const std::uint32_t width = tiled ? spec.tile_width : spec.width;
  const std::uint32_t height = tiled ? spec.tile_height : spec.rows_per_strip;
  std::uint32_t segment = 0;
  for (std::size_t plane = 0; plane < (spec.separate ? spec.samples : 1u); ++plane) {
    for (std::uint32_t top = 0; top < spec.height; top += height) {
      for (std::uint32_t left = 0; left < spec.width; left += width) {
        const Area area{left, top, width, tiled ? height : std::min(height, spec.height - top)};
        auto bytes = packed(spec, number, area, plane, spec.separate ? 1 : spec.samples);
        const auto size = static_cast<tmsize_t>(bytes.size());
        const tmsize_t written = tiled ? TIFFWriteEncodedTile(file, segment, bytes.data(), size)
                                       : TIFFWriteEncodedStrip(file, segment, bytes.data(), size);
        THUMBMILL_CHECK(written >= 0);
        ++segment;
      }
    }
  }
}

constexpr std::size_t kEntry = 12;

// Where a tag's value is in the first directory; 0 without it.
std::size_t place_of(const std::string& file, std::uint16_t tag) {
  const auto number = [&](std::size_t at, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(file.at(at + i))) << (8 * i);
    }
    return value;
  };
  const std::size_t directory = number(4, 4);
  const std::size_t count = number(directory, 2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = directory + 2 + i * kEntry;
    if (number(entry, 2) == tag) return entry + 8;
  }
  return 0;
}

}  // namespace

std::uint64_t coded(const TiffSpec& spec, double value) {
  if (spec.format == SAMPLEFORMAT_IEEEFP) {
    switch (spec.bits) {
      case 16:
        return small_real(value, 5, 10);
      case 24:
        return small_real(value, 7, 16);
      case 32:
        return std::bit_cast<std::uint32_t>(static_cast<float>(value));
      default:
        return std::bit_cast<std::uint64_t>(value);
    }
  }
  const double most = std::ldexp(1.0, spec.bits) - 1;
  const double scaled = std::floor(value * most + 0.5);
  const std::uint64_t all =
      spec.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << spec.bits) - 1;
  const std::uint64_t number = value >= 1 ? all : static_cast<std::uint64_t>(scaled);
  const std::uint64_t sign = std::uint64_t{1} << (spec.bits - 1);
  return spec.format == SAMPLEFORMAT_INT ? number ^ sign : number;
}

double slopes(const TiffSpec& spec, std::uint32_t x, std::uint32_t y, std::size_t sample) {
  const double u = x / std::max(1.0, spec.width - 1.0), v = y / std::max(1.0, spec.height - 1.0);
  switch (sample) {
    case 0:
      return u;
    case 1:
      return v;
    case 2:
      return (u + 1 - v) / 2;
    default:
      return (2 - u - v) / 2;
  }
}

std::string write_tiff_numbers(const TiffSpec& spec, const Number& number) {
  Memory memory;
  TIFF* const file = TIFFClientOpen("made", spec.mode, &memory, Memory::read, Memory::write,
                                    Memory::seek, Memory::close, Memory::size, nullptr, nullptr);
  THUMBMILL_CHECK(file != nullptr);
  for (int page = 0; page < spec.pages; ++page) {
    set_tags(file, spec);
    write_segments(file, spec, number);
    THUMBMILL_CHECK(TIFFWriteDirectory(file) == 1);
  }
  TIFFClose(file);
  return memory.bytes;
}

std::string write_tiff(const TiffSpec& spec, const Value& value) {
  return write_tiff_numbers(spec, [&](std::uint32_t x, std::uint32_t y, std::size_t sample) {
    return coded(spec, value(x, y, sample));
  });
}

std::string with_tag(std::string file, std::uint16_t tag, std::uint32_t value) {
  const std::size_t place = place_of(file, tag);
  THUMBMILL_CHECK(place != 0);
  for (std::size_t i = 0; i < 4; ++i) file[place + i] = static_cast<char>(value >> (8 * i));
  return file;
}

std::uint32_t tag_of(const std::string& file, std::uint16_t tag) {
  const std::size_t place = place_of(file, tag);
  std::uint32_t value = 0;
  for (std::size_t i = 0; place != 0 && i < 4; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(file.at(place + i))) << (8 * i);
  }
  return value;
}

}  // namespace thumbmill::tiff
