#include "seeds.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "heif_pictures.h"
#include "image/jpeg/made_jpeg.h"
#include "pictures.h"
#include "png_files.h"
#include "raster_files.h"

namespace thumbmill {
namespace {

void add(std::vector<Seed>& seeds, std::string name, std::string bytes) {
  const auto format = sniff_image_format(bytes);
  if (!format || !image_format_info(*format).can_decode) return;
  seeds.push_back({std::move(name), *format, std::move(bytes)});
}

// A libvips without an encoder (x265, cgif) makes fewer seeds.
void add_picture(std::vector<Seed>& seeds, const VipsImagePtr& image, const std::string& suffix) {
  if (suffix.starts_with(".heic") || suffix.starts_with(".avif")) {
    add(seeds, fmt::format("made {}x{}{}", image->Xsize, image->Ysize, suffix),
        write_heif(image.get(), suffix));
    return;
  }
  void* bytes = nullptr;
  std::size_t size = 0;
  if (vips_image_write_to_buffer(image.get(), suffix.c_str(), &bytes, &size, nullptr) != 0) {
    vips_error_clear();
    return;
  }
  std::string file(static_cast<const char*>(bytes), size);
  g_free(bytes);
  add(seeds, fmt::format("made {}x{}{}", image->Xsize, image->Ysize, suffix), std::move(file));
}

template <typename Operation>
VipsImagePtr made(Operation operation) {
  return make_image(std::move(operation)).value();
}

VipsImagePtr cast(const VipsImagePtr& image, VipsBandFormat format) {
  return made([&](VipsImage** out) { return vips_cast(image.get(), out, format, nullptr); });
}

VipsImagePtr in_space(const VipsImagePtr& image, VipsInterpretation space) {
  return made([&](VipsImage** out) { return vips_colourspace(image.get(), out, space, nullptr); });
}

// libvips' own. The PNG that it writes for [profile=srgb] differs from run to run since 8.16.
std::string srgb_profile() {
  VipsBlob* blob = nullptr;
  if (vips_profile_load("srgb", &blob, nullptr) != 0) return {};
  std::size_t size = 0;
  const void* bytes = vips_blob_get(blob, &size);
  std::string profile(static_cast<const char*>(bytes), size);
  vips_area_unref(VIPS_AREA(blob));
  return profile;
}

// Frames below each other, as libvips has animations.
VipsImagePtr animated(const VipsImagePtr& frame, int frames) {
  std::vector<VipsImage*> all(static_cast<std::size_t>(frames), frame.get());
  const VipsImagePtr joined = made([&](VipsImage** out) {
    return vips_arrayjoin(all.data(), out, frames, "across", 1, nullptr);
  });
  VipsImagePtr own = made([&](VipsImage** out) { return vips_copy(joined.get(), out, nullptr); });
  vips_image_set_int(own.get(), VIPS_META_PAGE_HEIGHT, frame->Ysize);
  return own;
}

void add_jpegs(std::vector<Seed>& seeds) {
  using jpeg::JpegOptions;
  const auto add_one = [&](const JpegOptions& options) {
    const auto [h, v] = options.factors[0];
    add(seeds,
        fmt::format("made {} components {}x{}{}{}{}{}{} every {}.jpg", options.components, h, v,
                    options.progressive ? " progressive" : "", options.rgb ? " rgb" : "",
                    options.interleaved ? "" : " apart", options.optimized ? " optimized" : "",
                    options.arithmetic ? " arithmetic" : "", options.restart_interval),
        jpeg::make_jpeg(options));
  };
  constexpr std::array<std::pair<int, int>, 7> kFactors{
      {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}, {4, 2}, {3, 1}}};
  std::uint32_t number = 0;
  for (const auto& factors : kFactors) {
    for (const bool progressive : {false, true}) {
      JpegOptions options{.width = 83 + 8 * number, .height = 61 + 5 * number};
      options.factors[0] = factors;
      options.progressive = progressive;
      options.restart_interval = number % 3 == 1 ? 4 : 0;
      options.optimized = number % 4 == 2;
      options.seed = ++number;
      add_one(options);
    }
  }
  for (const bool progressive : {false, true}) {
    add_one({.width = 90,
             .height = 70,
             .components = 1,
             .factors = {{{1, 1}, {1, 1}, {1, 1}}},
             .progressive = progressive});
    add_one({.rgb = true, .factors = {{{1, 1}, {1, 1}, {1, 1}}}, .progressive = progressive});
    add_one({.restart_interval = 1, .progressive = progressive});
    add_one({.progressive = progressive, .arithmetic = true});
  }
  add_one({.width = 200, .height = 150, .quality = 40, .interleaved = false});
  add_one({.factors = {{{1, 1}, {2, 2}, {1, 2}}}});
}

void add_pngs(std::vector<Seed>& seeds) {
  constexpr std::array<std::pair<PngColor, int>, 15> kKinds{{{PngColor::grey, 1},
                                                             {PngColor::grey, 2},
                                                             {PngColor::grey, 4},
                                                             {PngColor::grey, 8},
                                                             {PngColor::grey, 16},
                                                             {PngColor::rgb, 8},
                                                             {PngColor::rgb, 16},
                                                             {PngColor::palette, 1},
                                                             {PngColor::palette, 2},
                                                             {PngColor::palette, 4},
                                                             {PngColor::palette, 8},
                                                             {PngColor::grey_alpha, 8},
                                                             {PngColor::grey_alpha, 16},
                                                             {PngColor::rgb_alpha, 8},
                                                             {PngColor::rgb_alpha, 16}}};
  for (const auto& [color, depth] : kKinds) {
    PngFile file = random_png(color, depth, 37, 29, 7);
    if (color == PngColor::palette) file.transparency = random_bytes(2, 9);
    if (color == PngColor::rgb && depth == 8) file.transparency = std::string(6, '\1');
    add(seeds, fmt::format("made colour {} depth {}.png", int(color), depth), png_file(file));
  }
  PngFile profiled = random_png(PngColor::rgb, 8, 37, 29, 7);
  profiled.chunks_in_front =
      png_chunk("iCCP", std::string("name\0\0", 6) + zlib_stream(srgb_profile()));
  add(seeds, "made with a profile.png", png_file(profiled));
  const VipsImagePtr picture = four_colors(120, 80);
  for (const char* suffix : {".png[interlace]", ".png[palette]",
                             ".png[palette,interlace,bitdepth=4]", ".png[filter=all]"}) {
    add_picture(seeds, picture, suffix);
  }
  add_picture(seeds, four_colors_alpha(90, 60, 100), ".png[interlace]");
  add_picture(seeds, in_space(picture, VIPS_INTERPRETATION_RGB16), ".png[interlace]");
  add(seeds, "made with orientation.png",
      with_png_orientation(write_picture(picture.get(), ".png"), 6));
}

void add_rasters(std::vector<Seed>& seeds) {
  constexpr SizePx kSize{20, 12};
  const std::string pixels = random_bytes(std::size_t{kSize.width} * kSize.height * 3, 5);
  add(seeds, "made.bmp", bmp_file(kSize, pixels));
  add(seeds, "made.ico", ico_file(kSize, pixels));
  add(seeds, "made.tga", tga_file(kSize, pixels));
  add(seeds, "made.psd", psd_file(kSize, pixels));
}

void add_others(std::vector<Seed>& seeds) {
  add_rasters(seeds);
  const VipsImagePtr flat = four_colors(96, 64);
  const VipsImagePtr clear = four_colors_alpha(80, 64, 90);
  const VipsImagePtr rough = noise(70, 50);
  const VipsImagePtr cmyk = in_space(flat, VIPS_INTERPRETATION_CMYK);
  const VipsImagePtr grey = in_space(rough, VIPS_INTERPRETATION_B_W);
  const VipsImagePtr deep = in_space(rough, VIPS_INTERPRETATION_RGB16);
  for (const char* suffix : {".jpg[profile=srgb]",
                             ".jpg[profile=p3,interlace]",
                             ".webp",
                             ".webp[lossless]",
                             ".webp[Q=30,profile=srgb]",
                             ".gif",
                             ".gif[interlace]",
                             ".avif",
                             ".avif[lossless]",
                             ".avif[Q=95]",
                             ".heic",
                             ".heic[bitdepth=10]",
                             ".ppm[strip]",
                             ".ppm[ascii,strip]",
                             ".tif[compression=jpeg]",
                             ".tif[compression=webp]",
                             ".jxl",
                             ".jxl[lossless]",
                             ".jp2",
                             ".jp2[lossless]"}) {
    add_picture(seeds, flat, suffix);
    add_picture(seeds, rough, suffix);
  }
  for (const char* suffix : {".webp", ".webp[lossless]", ".webp[near_lossless]", ".gif", ".avif",
                             ".heic", ".tif", ".tif[compression=lzw,predictor=horizontal]"}) {
    add_picture(seeds, clear, suffix);
  }
  for (const char* suffix : {".webp", ".webp[lossless]", ".webp[mixed,min_size]", ".gif", ".tif"}) {
    add_picture(seeds, animated(clear, 3), suffix);
  }
  for (const char* suffix :
       {".tif", ".tif[compression=lzw,tile]", ".tif[compression=deflate,predictor=horizontal]",
        ".tif[compression=packbits,bigtiff]", ".tif[compression=zstd]",
        ".tif[tile,pyramid,tile_width=16,tile_height=16]"}) {
    add_picture(seeds, rough, suffix);
    add_picture(seeds, deep, suffix);
  }
  for (const char* suffix :
       {".tif[compression=ccittfax4,bitdepth=1]", ".tif[bitdepth=1,miniswhite]", ".tif[bitdepth=4]",
        ".pgm[strip]", ".pbm[strip]", ".pgm[ascii,strip]", ".jpg[interlace]", ".avif"}) {
    add_picture(seeds, grey, suffix);
  }
  for (const char* suffix :
       {".jpg[profile=cmyk]", ".jpg", ".tif[compression=jpeg]", ".tif[compression=lzw]"}) {
    add_picture(seeds, cmyk, suffix);
  }
  add(seeds, "made with a comment.pgm", "P2 # a comment\n# and another\n3 2\n9\n0 1 2\n3 4 9\n");
  add(seeds, "made 16 bit.pgm", "P5 3 2 65535\n" + random_bytes(12, 3));
  add_picture(seeds, cast(rough, VIPS_FORMAT_FLOAT), ".tif[compression=deflate,predictor=float]");
  add_picture(seeds, turned(flat.get(), 5), ".jpg");
  add_picture(seeds, turned(flat.get(), 8), ".tif");
  add_picture(seeds, turned(flat.get(), 6), ".webp");
}

}  // namespace

std::vector<Seed> made_seeds() {
  std::vector<Seed> seeds;
  add_jpegs(seeds);
  add_pngs(seeds);
  add_others(seeds);
  return seeds;
}

std::vector<Seed> corpus_seeds(const std::string& folder, std::size_t most_bytes) {
  std::vector<std::string> names;
  for (const char* part : {"good", "bad", "photos"}) {
    const std::filesystem::path directory = std::filesystem::path(folder) / part;
    if (!std::filesystem::is_directory(directory)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.is_regular_file() && entry.file_size() <= most_bytes) {
        names.push_back(std::filesystem::path(part) / entry.path().filename());
      }
    }
  }
  std::sort(names.begin(), names.end());
  std::vector<Seed> seeds;
  for (const std::string& name : names) {
    std::ifstream in(std::filesystem::path(folder) / name, std::ios::binary);
    add(seeds, name, {std::istreambuf_iterator<char>(in), {}});
  }
  return seeds;
}

std::string corpus_folder(const std::string& beside) {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : beside;
}

}  // namespace thumbmill
