// What is the WebP kernel's own beyond the conformance suite: what it leaves to others, and when.
#include "image/webp/webp_kernel.h"

#include <cstdint>
#include <random>

#include <gtest/gtest.h>

#include "image/planar/planar_thumbnailer.h"
#include "image/webp/container.h"
#include "pictures.h"
#include "reference/encoder.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

class Webp : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("webp_kernel_test"), 0); }

  Result<Thumbnails> make(const std::string& file, std::vector<RenditionSpec> specs,
                          const ImageLimits& limits = {}) {
    ThumbnailRequest request;
    request.format = ImageFormat::webp;
    request.source = Blob(file);
    request.renditions = std::move(specs);
    request.limits = limits;
    request.admit = [this](std::uint64_t) {
      ++admissions_;
      return admission_;
    };
    return thumbnailer_.make(request, {});
  }

  // As PNG.
  Picture thumbnail(const std::string& file, RenditionSpec spec) {
    spec.format = ImageFormat::png;
    const auto made = make(file, {spec});
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? decode_picture(made->renditions[0].bytes.to_string().value()) : Picture();
  }

  planar::PlanarThumbnailer thumbnailer_{{{ImageFormat::webp, webp::decode_webp}},
                                         planar::own_encoders()};
  int admissions_ = 0;
  Status admission_;
};

RenditionSpec box(std::uint32_t side, const std::string& name = "thumb") {
  return {.name = name, .width_px = side, .height_px = side, .quality = 90};
}

std::string little_endian(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

// RFC 9649 section 2.3.
std::string chunk(const std::string& type, const std::string& data) {
  return type + little_endian(data.size(), 4) + data + std::string(data.size() % 2, '\0');
}

// A simple file made an extended one, with chunks behind its picture (section 2.7).
std::string extended(const std::string& file, SizePx size, char flags, const std::string& behind) {
  const std::string header =
      chunk("VP8X", std::string(1, flags) + "\0\0\0"s + little_endian(size.width - 1, 3) +
                        little_endian(size.height - 1, 3));
  const std::string body = "WEBP" + header + file.substr(12) + behind;
  return "RIFF" + little_endian(body.size(), 4) + body;
}

std::string exif(char orientation) {
  return "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + orientation + "\0\0\0\0\0\0\0"s;
}

std::string picture(int width, int height, const char* suffix = ".webp[Q=90]") {
  return write_picture(four_colors(width, height).get(), suffix);
}

// Without metadata, and so without an extended header.
std::string simple(VipsImage* image) { return encode_image(image, ImageFormat::webp, 95).value(); }

// The chunk of a file's pixels (section 2.5 and 2.6), as frames hold it.
std::string pixels_of(const std::string& file) {
  const std::size_t at = std::min(file.find("VP8L"), file.find("VP8 "));
  std::size_t size = 8;
  for (std::size_t i = 0; i < 4; ++i) {
    size += std::size_t{static_cast<unsigned char>(file[at + 4 + i])} << (8 * i);
  }
  return file.substr(at, size + size % 2);
}

// An animation whose first frame is red at a place on a canvas of 20 x 10 (section 2.7.1).
std::string animation(SizePx frame, std::size_t left, std::size_t top, bool lossless) {
  VipsImagePtr red =
      make_image([&](VipsImage** out) {
        return vips_crop(four_colors(200, 200).get(), out, 0, 0, static_cast<int>(frame.width),
                         static_cast<int>(frame.height), nullptr);
      }).value();
  const std::string pixels =
      pixels_of(write_picture(red.get(), lossless ? ".webp[lossless]" : ".webp[Q=95]"));
  const auto frame_chunk = [&](std::size_t x, std::size_t y, SizePx size) {
    return chunk("ANMF", little_endian(x / 2, 3) + little_endian(y / 2, 3) +
                             little_endian(size.width - 1, 3) + little_endian(size.height - 1, 3) +
                             little_endian(100, 3) + '\0' + pixels);
  };
  const std::string body =
      "WEBP" + chunk("VP8X", "\x02\0\0\0"s + little_endian(20 - 1, 3) + little_endian(10 - 1, 3)) +
      chunk("ANIM", "\xff\xff\xff\xff\0\0"s) + frame_chunk(left, top, frame) +
      frame_chunk(0, 0, frame);
  return "RIFF" + little_endian(body.size(), 4) + body;
}

TEST_F(Webp, ShowsAnAnimationsFirstFrameOnItsCanvas) {
  for (const bool lossless : {false, true}) {
    const Picture part = thumbnail(animation({8, 4}, 6, 4, lossless), box(20));
    ASSERT_EQ(part.size, (SizePx{20, 10}));
    for (std::uint32_t y = 0; y < 10; ++y) {
      for (std::uint32_t x = 0; x < 20; ++x) {
        const bool covered = x >= 6 && x < 14 && y >= 4 && y < 8;
        EXPECT_EQ(part.at(x, y)[3], covered ? 255 : 0) << x << ',' << y;
        if (covered) {
          EXPECT_LE(color_distance(part.at(x, y), kRed), 10);
        }
      }
    }
    const Picture whole = thumbnail(animation({20, 10}, 0, 0, lossless), box(20));
    EXPECT_EQ(whole.bands, 3u);
    EXPECT_LE(color_distance(whole.at(19, 9), kRed), 10);
  }
}

TEST_F(Webp, RefusesFramesOutsideOfTheCanvas) {
  EXPECT_EQ(make(animation({8, 4}, 14, 4, true), {box(8)}).status().code(), Code::corrupt_input);
}

TEST_F(Webp, LeavesToOthersWhatIsNotItsOwn) {
  const auto code = [&](const std::string& file, const RenditionSpec& spec) {
    return make(file, {spec}).status().code();
  };
  RenditionSpec avif = box(8);
  avif.format = ImageFormat::avif;
  EXPECT_EQ(code(picture(64, 48), avif), Code::unsupported);
  ThumbnailRequest request;
  request.source = Blob(picture(64, 48));
  request.format = ImageFormat::jpeg;
  request.renditions = {box(8)};
  EXPECT_EQ(thumbnailer_.make(request, {}).status().code(), Code::unsupported);
  EXPECT_EQ(admissions_, 0);
}

TEST_F(Webp, KeepsTheColoursOfALosslessPicture) {
  const std::string file = picture(64, 48, ".webp[lossless]");
  for (const std::uint32_t side : {32u, 64u}) {
    RenditionSpec png = box(side);
    png.format = ImageFormat::png;
    const auto made = make(file, {png});
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    const Picture small = decode_picture(made->renditions[0].bytes.to_string().value());
    const std::uint32_t x = small.size.width / 4, y = small.size.height / 4;
    EXPECT_EQ(color_distance(small.at(x, y), kRed), 0);
    EXPECT_EQ(color_distance(small.at(3 * x, y), kGreen), 0);
    EXPECT_EQ(color_distance(small.at(x, 3 * y), kBlue), 0);
    EXPECT_EQ(color_distance(small.at(3 * x, 3 * y), kYellow), 0);
  }
}

TEST_F(Webp, KeepsAlpha) {
  const VipsImagePtr alpha = four_colors_alpha(64, 48, 77);
  for (const char* suffix : {".webp[Q=95]", ".webp[lossless]"}) {
    const std::string file = write_picture(alpha.get(), suffix);
    ASSERT_TRUE(webp::read_container(file)->has_alpha);
    const auto made = make(file, {box(32)});
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    EXPECT_EQ(made->renditions[0].facts.format, ImageFormat::png);
    const Picture small = decode_picture(made->renditions[0].bytes.to_string().value());
    EXPECT_LE(color_distance(small.at(8, 6), kRed), 6) << suffix;
    EXPECT_EQ(small.at(8, 6)[3], 255);
    EXPECT_NEAR(small.at(24, 6)[3], 77, 1);
    EXPECT_NEAR(small.at(24, 6)[1], kGreen[1], 6);
  }
}

TEST_F(Webp, TurnsUprightWhateverItsExifBeginsWith) {
  const VipsImagePtr upright = four_colors(240, 160);
  for (char orientation = 1; orientation <= 8; ++orientation) {
    const VipsImagePtr image = turned(upright.get(), orientation);
    const std::string stored = simple(image.get());
    const auto container = webp::read_container(stored);
    ASSERT_TRUE(container.ok());
    EXPECT_EQ(container->orientation, 1);
    for (const std::string& name : {""s, "Exif\0\0"s}) {
      const std::string file =
          extended(stored, container->canvas, 0x08, chunk("EXIF", name + exif(orientation)));
      const auto made = make(file, {box(60)});
      ASSERT_TRUE(made.ok()) << made.status().to_string();
      EXPECT_EQ(made->source_size, (SizePx{240, 160}));
      const Picture small = decode_picture(made->renditions[0].bytes.to_string().value());
      ASSERT_EQ(small.size, (SizePx{60, 40}));
      EXPECT_LE(color_distance(small.at(15, 10), kRed), 10) << int{orientation};
      EXPECT_LE(color_distance(small.at(45, 10), kGreen), 10) << int{orientation};
      EXPECT_LE(color_distance(small.at(15, 30), kBlue), 10) << int{orientation};
    }
  }
}

TEST_F(Webp, ReadsTheProfileOnlyWhereTheHeaderNamesIt) {
  const std::string body = simple(noise(64, 48).get());
  const std::string behind = chunk("ICCP", "profile");
  EXPECT_EQ(webp::read_container(extended(body, {64, 48}, 0x20, behind))->profile, "profile");
  EXPECT_EQ(webp::read_container(extended(body, {64, 48}, 0, behind))->profile, "");
  EXPECT_TRUE(make(extended(body, {64, 48}, 0x20, behind), {box(8)}).ok());  // it is none
}

TEST_F(Webp, LimitsAndMemoryComeBeforePixels) {
  std::string file = simple(noise(64, 48).get());
  file.resize(file.size() - 200);  // its pixels are damaged, its header is not
  file += std::string(200, '\xff');
  ImageLimits limits;
  limits.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(make(file, {box(8)}, limits).status().message(),
            "the image has 3072 pixels (64 x 48); max-pixels is 3071");
  limits = {};
  limits.max_side_px = 63;
  EXPECT_EQ(make(file, {box(8)}, limits).status().code(), Code::too_large);
  EXPECT_EQ(admissions_, 0);
  admission_ = Status(Code::exhausted, "no memory now");
  EXPECT_EQ(make(file, {box(8)}).status().code(), Code::exhausted);
  EXPECT_EQ(admissions_, 1);
}

TEST_F(Webp, ACutOffFileShowsTheRowsThatAreThere) {
  for (const std::string& file :
       {simple(noise(64, 96).get()), write_picture(noise(64, 96).get(), ".webp[lossless,strip]")}) {
    const Picture whole = thumbnail(file, box(96));
    std::uint32_t last = 0;
    for (std::size_t size = 0; size < file.size(); size += 1 + file.size() / 60) {
      const auto made = make(file.substr(0, size), {box(96)});
      if (!made.ok()) {
        EXPECT_EQ(made.status().code(), Code::corrupt_input) << size;
        EXPECT_EQ(last, 0u) << size;
        continue;
      }
      const Picture part = decode_picture(made->renditions[0].bytes.to_string().value());
      ASSERT_EQ(part.size, whole.size);
      std::uint32_t rows = 0;
      while (rows < 96 && part.at(0, rows)[3] == 255) ++rows;
      EXPECT_GE(rows, last) << size;
      last = rows;
      for (std::uint32_t y = 0; y < 96; ++y) {
        EXPECT_EQ(part.at(63, y)[3], y < rows ? 255 : 0) << size;
        // Filters reach over the last rows.
        if (y + 10 < rows) {
          EXPECT_LE(color_distance(part.at(9, y), whole.at(9, y)), 12) << y;
        }
      }
    }
    EXPECT_GT(last, 48u);
  }
}

TEST_F(Webp, WhatIsBehindThePictureMayBeCutOff) {
  const std::string file =
      extended(simple(noise(64, 48).get()), {64, 48}, 0x08, chunk("EXIF", exif(6)));
  EXPECT_EQ(make(file, {box(8)})->source_size, (SizePx{48, 64}));
  const auto cut = make(file.substr(0, file.size() - 4), {box(8)});
  ASSERT_TRUE(cut.ok());
  EXPECT_EQ(cut->source_size, (SizePx{64, 48}));
}

TEST_F(Webp, DamagedFilesEndInAPictureOrAFailure) {
  std::mt19937 random(11);
  for (const char* suffix : {".webp[Q=60]", ".webp[lossless]"}) {
    const std::string whole = write_picture(noise(96, 64).get(), suffix);
    for (int i = 0; i < 300; ++i) {
      std::string file = whole;
      for (int k = 0; k < 4; ++k) file[random() % file.size()] = static_cast<char>(random());
      const Code code = make(file, {box(20)}).status().code();
      EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                  code == Code::too_large)
          << code_name(code);
    }
  }
}

TEST_F(Webp, SmallPicturesInEveryFit) {
  for (int width = 1; width <= 20; width += 3) {
    for (int height = 1; height <= 20; height += 3) {
      const std::string file = write_picture(noise(width, height).get(), ".webp");
      for (const Fit fit : {Fit::inside, Fit::cover, Fit::contain, Fit::fill}) {
        for (const bool enlarge : {false, true}) {
          RenditionSpec spec{.width_px = 13, .height_px = 7, .fit = fit};
          spec.enlarge = enlarge;
          const auto made = make(file, {spec});
          ASSERT_TRUE(made.ok()) << made.status().to_string();
          const SizePx size{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
          EXPECT_EQ(made->renditions[0].facts.size, plan_fit(size, spec).canvas);
        }
      }
    }
  }
}

TEST_F(Webp, ACascadeIsNearWhatEachAloneWouldBe) {
  const std::string file = picture(1300, 900);
  const auto all = make(file, {box(60, "a"), box(500, "b"), box(200, "c"), box(45, "d")});
  ASSERT_TRUE(all.ok()) << all.status().to_string();
  const std::vector<std::uint32_t> sides{60, 500, 200, 45};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const auto alone = make(file, {box(sides[i])});
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(all->renditions[i].facts.size, alone->renditions[0].facts.size);
    EXPECT_LT(mean_difference(decode_picture(all->renditions[i].bytes.to_string().value()),
                              decode_picture(alone->renditions[0].bytes.to_string().value())),
              2.5)
        << i;
  }
}

}  // namespace
}  // namespace thumbmill
