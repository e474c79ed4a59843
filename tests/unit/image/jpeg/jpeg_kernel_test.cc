// What is the JPEG kernel's own beyond the conformance suite: its choice of scale, its fall-backs,
// and one picture from all of its ways.
#include "image/jpeg/jpeg_kernel.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>

#include "image/jpeg/made_jpeg.h"
#include "image/planar/planar_thumbnailer.h"

namespace thumbmill {
namespace {

planar::PlanarThumbnailer thumbnailer() {
  return planar::PlanarThumbnailer({{ImageFormat::jpeg, jpeg::decode_jpeg}},
                                   planar::own_encoders());
}

Result<Thumbnails> make(const std::string& file, std::vector<RenditionSpec> specs,
                        const ImageLimits& limits = {}) {
  ThumbnailRequest request;
  request.source = Blob(file);
  request.renditions = std::move(specs);
  request.limits = limits;
  return thumbnailer().make(request, {});
}

RenditionSpec box(std::uint32_t side, const std::string& name = "thumb") {
  return {.name = name, .width_px = side, .height_px = side, .quality = 90};
}

jpeg::ReferencePlane luma(const MadeRendition& made) {
  return jpeg::libjpeg_plane(made.bytes.to_string().value(), 8, 0);
}

double mean_difference(const jpeg::ReferencePlane& a, const jpeg::ReferencePlane& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  if (a.samples.size() != b.samples.size()) return 255;
  double sum = 0;
  for (std::size_t i = 0; i < a.samples.size(); ++i) sum += std::abs(a.samples[i] - b.samples[i]);
  return sum / static_cast<double>(a.samples.size());
}

TEST(JpegKernel, LeavesToOthersWhatIsNotItsOwn) {
  const std::string file = jpeg::make_jpeg({});
  RenditionSpec spec = box(20);
  spec.format = ImageFormat::avif;
  EXPECT_EQ(make(file, {spec}).status().code(), Code::unsupported);
  EXPECT_EQ(make(file, {box(20, "a"), spec}).status().code(), Code::unsupported);
  ThumbnailRequest request;
  request.format = ImageFormat::png;
  request.source = Blob(file);
  request.renditions = {box(20)};
  EXPECT_EQ(thumbnailer().make(request, {}).status().code(), Code::unsupported);
}

TEST(JpegKernel, WritesWebpAndPngToo) {
  const std::string file = jpeg::make_jpeg({.width = 200, .height = 150});
  std::vector<RenditionSpec> specs;
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::webp, ImageFormat::jpeg}) {
    specs.push_back(box(50, std::string(image_format_info(format).name)));
    specs.back().format = format;
  }
  const auto made = make(file, specs);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const MadeRendition& rendition = made->renditions[i];
    EXPECT_EQ(rendition.facts.format, specs[i].format);
    EXPECT_EQ(sniff_image_format(rendition.bytes.to_string().value()), specs[i].format);
    EXPECT_EQ(rendition.facts.size, (SizePx{50, 38}));
  }
}

// A progressive file and one that the quick decoder declines go other ways to the same picture.
TEST(JpegKernel, AllWaysLeadToTheSamePicture) {
  for (const std::uint32_t side : {20u, 50u, 90u, 150u}) {  // 1/8, 1/4, 1/2, 1/1 of 400
    SCOPED_TRACE(side);
    jpeg::JpegOptions options{.width = 400, .height = 300, .quality = 92};
    const auto baseline = make(jpeg::make_jpeg(options), {box(side)});
    options.progressive = true;
    const auto progressive = make(jpeg::make_jpeg(options), {box(side)});
    options.progressive = false;
    options.arithmetic = true;
    const auto declined = make(jpeg::make_jpeg(options), {box(side)});
    ASSERT_TRUE(baseline.ok() && progressive.ok() && declined.ok());
    const auto expected = luma(declined->renditions[0]);
    EXPECT_EQ(luma(progressive->renditions[0]).samples, luma(baseline->renditions[0]).samples);
    // At 1/4 and 1/2 libjpeg's reduction is a little softer.
    EXPECT_LT(mean_difference(luma(baseline->renditions[0]), expected), 3);
  }
}

TEST(JpegKernel, ACascadeIsNearWhatEachAloneWouldBe) {
  const std::string file = jpeg::make_jpeg({.width = 1300, .height = 900, .quality = 92});
  const auto all = make(file, {box(60, "a"), box(500, "b"), box(200, "c"), box(45, "d")});
  ASSERT_TRUE(all.ok()) << all.status().to_string();
  const std::vector<std::uint32_t> sides{60, 500, 200, 45};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    const auto alone = make(file, {box(sides[i])});
    ASSERT_TRUE(alone.ok());
    EXPECT_EQ(all->renditions[i].facts.size, alone->renditions[0].facts.size);
    EXPECT_LT(mean_difference(luma(all->renditions[i]), luma(alone->renditions[0])), 2.5) << i;
  }
}

TEST(JpegKernel, GreyStaysGrey) {
  const auto made =
      make(jpeg::make_jpeg({.width = 200, .height = 150, .components = 1}), {box(50)});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->renditions[0].facts.color[1], made->renditions[0].facts.color[3]);
}

TEST(JpegKernel, LimitsComeBeforePixels) {
  const std::string file = jpeg::make_jpeg({.width = 64, .height = 48, .progressive = true});
  ImageLimits limits;
  limits.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(make(file, {box(8)}, limits).status().code(), Code::too_large);
  limits = {};
  limits.max_scans = 3;
  const Status scans = make(file, {box(8)}, limits).status();
  EXPECT_EQ(scans.code(), Code::too_large);
  EXPECT_EQ(scans.message(), "the image has over 3 scans; max-scans is 3");
  EXPECT_EQ(make(file, {box(60)}, limits).status().message(), scans.message());
}

// As small as they get, in every sampling and orientation-free fit.
// A small file whose header says that it is `side` by `side` pixels, which is what has to be
// allocated.
std::string claiming(std::uint16_t side, bool progressive) {
  std::string file = jpeg::make_jpeg({.progressive = progressive});
  const std::size_t frame = file.find(progressive ? "\xff\xc2" : "\xff\xc0");
  for (const std::size_t at : {frame + 5, frame + 7}) {  // ITU-T T.81, figure B.3
    file[at] = static_cast<char>(side >> 8);
    file[at + 1] = static_cast<char>(side & 255);
  }
  return file;
}

// With no more address space than is in use, as in a decoder process at its limit.
TEST(JpegKernel, WhatFindsNoMemoryIsTooLarge) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer needs address space of its own";
#endif
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  ImageLimits limits;
  limits.max_rendition_pixels = 8'000 * 8'000;
  for (const bool progressive : {false, true}) {
    const std::string file = claiming(9'900, progressive);
    for (const std::uint32_t side : {600u, 1'200u, 8'000u}) {  // 1/8, 1/4, by libjpeg-turbo
      SCOPED_TRACE(side);
      ::malloc_trim(0);
      const rlimit none{1, before.rlim_max};
      ASSERT_EQ(::setrlimit(RLIMIT_AS, &none), 0);
      const Status status = make(file, {box(side)}, limits).status();
      ASSERT_EQ(::setrlimit(RLIMIT_AS, &before), 0);
      EXPECT_EQ(status.code(), Code::too_large) << status.to_string();
      EXPECT_NE(status.message().find("decoder-memory"), std::string::npos) << status.to_string();
    }
  }
}

TEST(JpegKernel, SmallPicturesInEveryFit) {
  for (std::uint32_t width = 1; width <= 20; width += 3) {
    for (std::uint32_t height = 1; height <= 20; height += 3) {
      const std::string file = jpeg::make_jpeg({.width = width, .height = height});
      for (const Fit fit : {Fit::inside, Fit::cover, Fit::contain, Fit::fill}) {
        for (const bool enlarge : {false, true}) {
          RenditionSpec spec{.width_px = 13, .height_px = 7, .fit = fit};
          spec.enlarge = enlarge;
          const auto made = make(file, {spec});
          ASSERT_TRUE(made.ok()) << made.status().to_string();
          EXPECT_EQ(made->renditions[0].facts.size, plan_fit({width, height}, spec).canvas);
          EXPECT_EQ(luma(made->renditions[0]).width, made->renditions[0].facts.size.width);
        }
      }
    }
  }
}

TEST(JpegKernel, ATruncatedFileEndsInGreyWhicheverWayItGoes) {
  for (const bool progressive : {false, true}) {
    for (const std::uint32_t side : {20u, 150u}) {
      jpeg::JpegOptions options{.width = 400, .height = 300};
      options.progressive = progressive;
      const std::string whole = jpeg::make_jpeg(options);
      for (const std::size_t percent : {20u, 50u, 90u}) {
        const auto made = make(whole.substr(0, whole.size() * percent / 100), {box(side)});
        ASSERT_TRUE(made.ok()) << made.status().to_string();
        if (progressive) continue;  // its DC coefficients come first
        EXPECT_NEAR(luma(made->renditions[0]).samples.back(), 128, percent < 90 ? 2 : 60);
      }
    }
  }
}

std::vector<std::size_t> restarts_in(const std::string& file) {
  std::vector<std::size_t> found;
  for (std::size_t at = file.find("\xff\xda"); at != std::string::npos;
       at = file.find('\xff', at + 1)) {
    const auto marker = static_cast<unsigned char>(file.at(at + 1));
    if (marker >= 0xd0 && marker <= 0xd7) found.push_back(at);
  }
  return found;
}

// A marker that cannot be there is stepped over, and decoding goes on at the next restart.
TEST(JpegKernel, BelowAStrayMarkerThePictureIsWhole) {
  for (const int components : {1, 3}) {
    jpeg::JpegOptions options{.width = 400, .height = 320, .components = components};
    options.restart_interval = components == 3 ? 25 : 50;  // a row of MCUs
    const std::string whole = jpeg::make_jpeg(options);
    std::string stray = whole;
    const std::vector<std::size_t> restarts = restarts_in(whole);
    ASSERT_GT(restarts.size(), 10u);
    stray.replace(restarts[1] + 8, 4, "\xff\x9f\x6d\x2e");
    for (const std::uint32_t side : {20u, 50u, 90u, 200u}) {  // 1/8, 1/4, 1/2, 1/1
      SCOPED_TRACE(side);
      const auto made = make(stray, {box(side)});
      const auto expected = make(whole, {box(side)});
      ASSERT_TRUE(made.ok() && expected.ok()) << made.status().to_string();
      const auto a = luma(made->renditions[0]), b = luma(expected->renditions[0]);
      ASSERT_EQ(a.samples.size(), b.samples.size());
      const std::size_t below = a.samples.size() / 2;
      const auto bottom = [&](jpeg::ReferencePlane plane) {
        plane.samples.erase(plane.samples.begin(),
                            plane.samples.begin() + static_cast<std::ptrdiff_t>(below));
        return plane;
      };
      // At 1/4 and 1/2 libjpeg's reduction is a little softer.
      EXPECT_LT(mean_difference(bottom(a), bottom(b)), 3);
    }
  }
}

TEST(JpegKernel, NoNumberOfWarningsIsTooMany) {
  jpeg::JpegOptions options{.width = 400, .height = 300};
  options.restart_interval = 1;
  std::string file = jpeg::make_jpeg(options);
  const auto expected = make(file, {box(20)});
  const std::vector<std::size_t> restarts = restarts_in(file);
  ASSERT_GT(restarts.size(), 400u);
  for (std::size_t i = restarts.size(); i-- > 0;) file.insert(restarts[i], "\xff\x01");
  std::vector<RenditionSpec> specs;
  for (const planar::FormatEncoder& encoder : planar::own_encoders()) {
    for (const std::uint32_t side : {20u, 150u}) {
      specs.push_back(box(side, "a" + std::to_string(specs.size())));
      specs.back().format = encoder.format;
    }
  }
  specs.push_back(box(20, "jpeg"));
  const auto made = make(file, specs);
  ASSERT_TRUE(expected.ok() && made.ok()) << made.status().to_string();
  EXPECT_LT(mean_difference(luma(made->renditions.back()), luma(expected->renditions[0])), 3);
}

}  // namespace
}  // namespace thumbmill
