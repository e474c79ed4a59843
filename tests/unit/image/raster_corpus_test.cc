// Real files of the formats that are read row by row, beside what a trusted viewer shows: stored
// references for the reported ones, ImageMagick for the others. The files are no part of the
// project: THUMBMILL_CORPUS names their folder, else it is ../shared/corpus beside the source tree.
// Without it, or without ImageMagick, these tests are skipped.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "decoded_pixels.h"
#include "image/bmp/bmp_kernel.h"
#include "image/bmp/ico_kernel.h"
#include "image/gif/gif_kernel.h"
#include "image/planar/planar_thumbnailer.h"
#include "image/png/png_kernel.h"
#include "image/pnm/pnm_kernel.h"
#include "image/psd/psd_kernel.h"
#include "image/tga/tga_kernel.h"
#include "image/webp/webp_kernel.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

constexpr std::uint32_t kSide = 200;

std::string folder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char part[65536];
  for (std::size_t size = 0; (size = std::fread(part, 1, sizeof part, pipe)) > 0;) {
    output.append(part, size);
  }
  pclose(pipe);
  return output;
}

// The place of the largest picture of a file, as ImageMagick counts them: of an icon that one
// counts, of everything else the first.
std::string largest_of(const std::string& path) {
  if (!path.ends_with(".ico") && !path.ends_with(".cur")) return "0";
  std::istringstream sizes(output_of("identify -format '%w %p\n' '" + path + "' 2>/dev/null"));
  unsigned most = 0;
  std::string best = "0";
  std::string place;
  for (unsigned width = 0; sizes >> width >> place;) {
    if (width > most) best = place;
    most = std::max(most, width);
  }
  return best;
}

Result<planar::Decoded> decode_ico(std::string_view file, const ThumbnailRequest& request) {
  return bmp::decode_ico(file, request, decode_png);
}

Result<Thumbnails> make(const std::string& file, RenditionSpec spec) {
  planar::PlanarThumbnailer thumbnailer({{ImageFormat::bmp, bmp::decode_bmp},
                                         {ImageFormat::gif, gif::decode_gif},
                                         {ImageFormat::ico, decode_ico},
                                         {ImageFormat::pnm, pnm::decode_pnm},
                                         {ImageFormat::psd, psd::decode_psd},
                                         {ImageFormat::tga, tga::decode_tga},
                                         {ImageFormat::webp, webp::decode_webp}},
                                        planar::own_encoders());
  const auto format = sniff_image_format(file);
  if (!format) return Status(Code::unsupported, "no format is recognised");
  spec.format = ImageFormat::png;
  ThumbnailRequest request;
  request.source = Blob(file);
  request.format = *format;
  request.renditions = {spec};
  return thumbnailer.make(request, {});
}

// The mean of one cell of an 8 x 8 grid: colours over white, and alpha.
std::array<double, 4> cell_mean(const DecodedPixels& picture, std::size_t column, std::size_t row) {
  const auto begin = [](std::size_t cell, std::size_t side) { return cell * side / 8; };
  const auto end = [&](std::size_t cell, std::size_t side) {
    return std::max(begin(cell + 1, side), begin(cell, side) + 1);
  };
  std::array<double, 4> sums{};
  double count = 0;
  for (std::size_t y = begin(row, picture.size.height); y < end(row, picture.size.height); ++y) {
    for (std::size_t x = begin(column, picture.size.width); x < end(column, picture.size.width);
         ++x) {
      const Rgba pixel = picture.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) {
        sums[c] += (pixel[c] * pixel[3] + 255.0 * (255 - pixel[3])) / 255;
      }
      sums[3] += pixel[3];
      ++count;
    }
  }
  for (double& sum : sums) sum /= count;
  return sums;
}

// The size within a pixel, and each cell's means within 4 levels.
void expect_same(const std::string& made_png, const std::string& reference_png) {
  const DecodedPixels made = decode_whole(decode_png, made_png);
  const DecodedPixels reference = decode_whole(decode_png, reference_png);
  ASSERT_FALSE(made.pixels.empty());
  ASSERT_FALSE(reference.pixels.empty());
  ASSERT_NEAR(double(made.size.width), double(reference.size.width), 1);
  ASSERT_NEAR(double(made.size.height), double(reference.size.height), 1);
  double most = 0;
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t column = 0; column < 8; ++column) {
      const auto a = cell_mean(made, column, row);
      const auto b = cell_mean(reference, column, row);
      for (std::size_t c = 0; c < 4; ++c) most = std::max(most, std::abs(a[c] - b[c]));
    }
  }
  EXPECT_LE(most, 4);
}

std::vector<std::string> files_of(const std::string& class_name,
                                  const std::vector<std::string>& beginnings,
                                  const std::vector<std::string>& extensions) {
  std::vector<std::string> files;
  const std::string path = folder() + "/" + class_name;
  if (!std::filesystem::exists(path)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().filename();
    const auto begins = [&](const std::string& text) { return name.starts_with(text); };
    const auto ends = [&](const std::string& text) { return name.ends_with(text); };
    if ((beginnings.empty() || std::any_of(beginnings.begin(), beginnings.end(), begins)) &&
        std::any_of(extensions.begin(), extensions.end(), ends)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(RasterCorpus, ReportedFilesLookAsTheirReferences) {
  const auto files = files_of("reported", {"gif-", "pnm-"}, {""});
  if (files.empty()) GTEST_SKIP() << "no corpus in " << folder();
  for (const std::string& path : files) {
    SCOPED_TRACE(path);
    const auto made = make(read(path), {.width_px = kSide, .height_px = kSide});
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    const std::filesystem::path source(path);
    expect_same(made->renditions[0].bytes.to_string().value(),
                read(source.parent_path() / "ref" / (source.filename().string() + ".png")));
  }
}

// Its reference at 1 x 200 is not compared: its rows are a saw's teeth, of which the browser's
// scaler takes samples where ours takes means.
TEST(RasterCorpus, AThinPictureFillsItsBox) {
  const auto files = files_of("reported", {"thin-"}, {".gif"});
  if (files.empty()) GTEST_SKIP() << "no corpus in " << folder();
  for (const std::string& path : files) {
    RenditionSpec spec{.fit = Fit::cover};
    spec.enlarge = true;
    const auto made = make(read(path), spec);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    EXPECT_EQ(made->renditions[0].facts.size, (SizePx{200, 200}));
    const auto pixels = decode_whole(decode_png, made->renditions[0].bytes.to_string().value());
    // Rows 4999 and 5000 of a saw of 256 levels.
    EXPECT_NEAR(pixels.at(100, 40)[0], 4999 % 256, 1);
    EXPECT_NEAR(pixels.at(100, 160)[0], 5000 % 256, 1);
  }
}

TEST(RasterCorpus, GoodFilesLookAsImageMagickShowsThem) {
  if (output_of("convert -version 2>&1").find("Version: ImageMagick") == std::string::npos) {
    GTEST_SKIP() << "no ImageMagick";
  }
  const auto files =
      files_of("good", {}, {".bmp", ".cur", ".gif", ".ico", ".ppm", ".pgm", ".tga", ".webp"});
  if (files.empty()) GTEST_SKIP() << "no corpus in " << folder();
  for (const std::string& path : files) {
    SCOPED_TRACE(path);
    const auto made = make(read(path), {.width_px = kSide, .height_px = kSide});
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    expect_same(
        made->renditions[0].bytes.to_string().value(),
        output_of(
            "convert '" + path + "[" + largest_of(path) +
            "]' -auto-orient -coalesce -depth 8 -resize '200x200>' -strip png:- 2>/dev/null"));
  }
}

// There are none in the corpus: ImageMagick writes them here, from what it has built in.
TEST(RasterCorpus, PhotoshopFilesLookAsImageMagickShowsThem) {
  if (output_of("convert -version 2>&1").find("Version: ImageMagick") == std::string::npos) {
    GTEST_SKIP() << "no ImageMagick";
  }
  // As Photoshop writes transparency: with the colours laid over white.
  const std::string fading =
      "'(' rose: -fill white -colorize 60 -alpha set -channel A -evaluate multiply 0.4 ')' ";
  for (const std::string& options :
       {"rose: -depth 8"s, "rose: -depth 8 -compress none"s, "rose: -depth 8 -compress rle"s,
        "rose: -depth 16"s, "rose: -depth 16 -compress rle"s, "rose: -colorspace gray -depth 8"s,
        "rose: -colorspace CMYK -depth 8 -compress rle"s, "rose: -colorspace CMYK -depth 16"s,
        "rose: -monochrome -depth 1"s, "rose: -resize '900x700!' -depth 8"s, fading + "-depth 8"s,
        fading + "-depth 16"s, "rose: -colorspace Lab -depth 8"s}) {
    for (const char* const kind : {"psd", "psb"}) {
      SCOPED_TRACE(options + " " + kind);
      const std::string file = output_of("convert " + options + " " + kind + ":- 2>/dev/null");
      const auto made = make(file, {.width_px = kSide, .height_px = kSide});
      ASSERT_TRUE(made.ok()) << made.status().to_string();
      const std::string again = std::string("convert ") + options + " " + kind +
                                ":- 2>/dev/null | convert '" + kind +
                                ":-[0]' -colorspace sRGB -depth 8 -resize '200x200>' -strip png:-";
      expect_same(made->renditions[0].bytes.to_string().value(), output_of(again));
    }
  }
}

// Its sniffer goes by plausible fields alone.
TEST(RasterCorpus, NothingElseIsTakenForTarga) {
  std::size_t count = 0;
  for (const char* const class_name : {"good", "bad", "photos", "reported", "reported/ref"}) {
    for (const std::string& path : files_of(class_name, {}, {""})) {
      if (!std::filesystem::is_regular_file(path)) continue;
      ++count;
      EXPECT_EQ(sniff_image_format(read(path)) == ImageFormat::tga, path.ends_with(".tga")) << path;
    }
  }
  if (count == 0) GTEST_SKIP() << "no corpus in " << folder();
}

// A picture, or one permanent error.
TEST(RasterCorpus, BadFilesEndInAPictureOrAnError) {
  const auto files = files_of("bad", {}, {".bmp", ".gif", ".ico", ".ppm", ".bin", ".webp"});
  if (files.empty()) GTEST_SKIP() << "no corpus in " << folder();
  for (const std::string& path : files) {
    const auto made = make(read(path), {.width_px = kSide, .height_px = kSide});
    const Code code = made.status().code();
    EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                code == Code::too_large)
        << path << ": " << made.status().to_string();
  }
}

}  // namespace
}  // namespace thumbmill
