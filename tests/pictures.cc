#include "pictures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "heif_pictures.h"

// LeakSanitizer's hook, under its name: x265 3.5, which writes the tests' HEIC files, leaks.
extern "C" const char* __lsan_default_suppressions();                              // NOLINT
extern "C" const char* __lsan_default_suppressions() { return "leak:libx265\n"; }  // NOLINT

namespace thumbmill {
namespace {

template <typename Operation>
VipsImagePtr must_make(Operation operation) {
  return make_image(std::move(operation)).value();
}

VipsImagePtr flat(int width, int height, const std::array<int, 4>& color, int bands) {
  const std::array<double, 4> values{double(color[0]), double(color[1]), double(color[2]),
                                     double(color[3])};
  const VipsImagePtr black =
      must_make([&](VipsImage** out) { return vips_black(out, width, height, nullptr); });
  const VipsImagePtr filled = must_make([&](VipsImage** out) {
    *out = vips_image_new_from_image(black.get(), values.data(), bands);
    return *out == nullptr ? -1 : 0;
  });
  const VipsImagePtr bytes = must_make(
      [&](VipsImage** out) { return vips_cast(filled.get(), out, VIPS_FORMAT_UCHAR, nullptr); });
  return must_make([&](VipsImage** out) {
    return vips_copy(bytes.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

VipsImagePtr join(const VipsImagePtr& a, const VipsImagePtr& b, VipsDirection direction) {
  return must_make(
      [&](VipsImage** out) { return vips_join(a.get(), b.get(), out, direction, nullptr); });
}

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

// PNG 3rd edition, annex D.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

VipsImagePtr quarters(int width, int height, int bands, int right_alpha) {
  const auto quarter = [&](std::array<int, 4> color, int alpha) {
    color[3] = alpha;
    return flat(width / 2, height / 2, color, bands);
  };
  return join(join(quarter(kRed, 255), quarter(kGreen, right_alpha), VIPS_DIRECTION_HORIZONTAL),
              join(quarter(kBlue, 255), quarter(kYellow, right_alpha), VIPS_DIRECTION_HORIZONTAL),
              VIPS_DIRECTION_VERTICAL);
}

}  // namespace

std::array<int, 4> Picture::at(std::uint32_t x, std::uint32_t y) const {
  std::array<int, 4> color{0, 0, 0, 255};
  for (std::size_t band = 0; band < bands; ++band) {
    color[band] =
        static_cast<unsigned char>(pixels.at((std::size_t{y} * size.width + x) * bands + band));
  }
  return color;
}

Picture decode_picture(const std::string& file) {
  VipsImagePtr image = must_make([&](VipsImage** out) {
    *out = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
    return *out == nullptr ? -1 : 0;
  });
  THUMBMILL_CHECK(image->BandFmt == VIPS_FORMAT_UCHAR);
  if (image->Bands == 1) {
    image = must_make([&](VipsImage** out) {
      return vips_colourspace(image.get(), out, VIPS_INTERPRETATION_sRGB, nullptr);
    });
  }
  Picture picture;
  picture.size = {static_cast<std::uint32_t>(image->Xsize),
                  static_cast<std::uint32_t>(image->Ysize)};
  picture.bands = static_cast<std::size_t>(image->Bands);
  THUMBMILL_CHECK(picture.bands == 3 || picture.bands == 4);
  picture.has_profile = vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
  for (const char* field :
       {VIPS_META_EXIF_NAME, VIPS_META_XMP_NAME, VIPS_META_IPTC_NAME, VIPS_META_ORIENTATION}) {
    picture.has_metadata |= vips_image_get_typeof(image.get(), field) != 0;
  }
  std::size_t size = 0;
  void* pixels = vips_image_write_to_memory(image.get(), &size);
  THUMBMILL_CHECK(pixels != nullptr);
  picture.pixels.assign(static_cast<const char*>(pixels), size);
  g_free(pixels);
  return picture;
}

double mean_difference(const Picture& a, const Picture& b) {
  if (a.size != b.size || a.bands != b.bands) return 255;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    sum +=
        std::abs(static_cast<unsigned char>(a.pixels[i]) - static_cast<unsigned char>(b.pixels[i]));
  }
  return sum / static_cast<double>(a.pixels.size());
}

int color_distance(const std::array<int, 4>& a, const std::array<int, 4>& b) {
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

VipsImagePtr four_colors(int width, int height) { return quarters(width, height, 3, 255); }

VipsImagePtr four_colors_alpha(int width, int height, int right_alpha) {
  return quarters(width, height, 4, right_alpha);
}

VipsImagePtr noise(int width, int height) {
  // A linear congruential generator (Numerical Recipes): libvips' own noise has no seed here.
  std::uint32_t state = 12345;
  std::string pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, '\0');
  for (char& value : pixels) {
    state = state * 1664525 + 1013904223;
    value = static_cast<char>(state >> 24);
  }
  const VipsImagePtr raw = must_make([&](VipsImage** out) {
    *out = vips_image_new_from_memory_copy(pixels.data(), pixels.size(), width, height, 3,
                                           VIPS_FORMAT_UCHAR);
    return *out == nullptr ? -1 : 0;
  });
  return must_make([&](VipsImage** out) {
    return vips_copy(raw.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  });
}

VipsImagePtr turned(VipsImage* upright, int orientation) {
  // What undoes each orientation: first a quarter turn, then a mirroring.
  struct Undo {
    VipsAngle angle;
    bool mirrored;
  };
  static constexpr std::array<Undo, 9> kUndo{{{VIPS_ANGLE_D0, false},
                                              {VIPS_ANGLE_D0, false},
                                              {VIPS_ANGLE_D0, true},
                                              {VIPS_ANGLE_D180, false},
                                              {VIPS_ANGLE_D180, true},
                                              {VIPS_ANGLE_D90, true},
                                              {VIPS_ANGLE_D270, false},
                                              {VIPS_ANGLE_D270, true},
                                              {VIPS_ANGLE_D90, false}}};
  const Undo undo = kUndo.at(static_cast<std::size_t>(orientation));
  VipsImagePtr image =
      must_make([&](VipsImage** out) { return vips_rot(upright, out, undo.angle, nullptr); });
  if (undo.mirrored) {
    image = must_make([&](VipsImage** out) {
      return vips_flip(image.get(), out, VIPS_DIRECTION_HORIZONTAL, nullptr);
    });
  }
  VipsImagePtr own =
      must_make([&](VipsImage** out) { return vips_copy(image.get(), out, nullptr); });
  vips_image_set_int(own.get(), VIPS_META_ORIENTATION, orientation);
  return own;
}

std::string write_picture(VipsImage* image, const std::string& suffix) {
  if (suffix.starts_with(".heic") || suffix.starts_with(".avif")) return write_heif(image, suffix);
  void* bytes = nullptr;
  std::size_t size = 0;
  const int failed = vips_image_write_to_buffer(image, suffix.c_str(), &bytes, &size, nullptr);
  if (failed != 0) std::fprintf(stderr, "%s: %s\n", suffix.c_str(), vips_error_buffer());
  THUMBMILL_CHECK(failed == 0);
  std::string file(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return file;
}

std::string with_png_orientation(const std::string& file, int orientation) {
  using namespace std::string_literals;
  // A big-endian TIFF with one entry: tag 274, one SHORT (EXIF 2.3 section 4.5).
  const std::string exif = "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s +
                           static_cast<char>(orientation) + "\0\0\0\0\0\0"s;
  const std::string typed = "eXIf" + exif;
  const std::size_t behind_header = 33;  // the signature and IHDR
  return file.substr(0, behind_header) + big_endian(static_cast<std::uint32_t>(exif.size())) +
         typed + big_endian(crc32(typed)) + file.substr(behind_header);
}

std::string with_jpeg_size(std::string file, std::uint16_t width, std::uint16_t height) {
  std::size_t at = 2;
  while (static_cast<unsigned char>(file.at(at + 1)) < 0xc0 ||
         static_cast<unsigned char>(file.at(at + 1)) > 0xc2) {
    at += 2 + (static_cast<std::size_t>(static_cast<unsigned char>(file.at(at + 2))) << 8 |
               static_cast<unsigned char>(file.at(at + 3)));
  }
  file.at(at + 5) = static_cast<char>(height >> 8);
  file.at(at + 6) = static_cast<char>(height & 0xff);
  file.at(at + 7) = static_cast<char>(width >> 8);
  file.at(at + 8) = static_cast<char>(width & 0xff);
  return file;
}

}  // namespace thumbmill
