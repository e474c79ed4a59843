// JPEGs in CMYK and YCCK: which way round their values are, and what becomes of them without a
// profile and with one.
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <lcms2.h>

#include "image/jpeg/jpeg_kernel.h"
#include "image/jpeg/made_jpeg.h"
#include "image/jpeg/turbo_decoder.h"
#include "image/planar/planar_thumbnailer.h"

namespace thumbmill::jpeg {
namespace {

using Inks = std::array<std::uint8_t, 4>;

struct Kind {
  bool ycck = false;
  bool adobe = true;
  bool progressive = false;
};
// YCCK without Adobe's marker cannot be told from CMYK: nobody writes it.
const std::vector<Kind> kKinds{{.ycck = false, .adobe = true},
                               {.ycck = false, .adobe = false},
                               {.ycck = true, .adobe = true},
                               {.ycck = true, .adobe = true, .progressive = true}};

// Two halves, left and right. Files hold what the inks leave of the light.
std::string make_file(const Kind& kind, const Inks& left, const Inks& right, std::uint32_t width,
                      std::uint32_t height) {
  JpegOptions options{.width = width, .height = height, .components = 4, .quality = 98};
  options.ycck = kind.ycck;
  options.adobe = kind.adobe;
  options.progressive = kind.progressive;
  std::vector<std::uint8_t> pixels;
  for (std::uint32_t i = 0; i < width * height; ++i) {
    for (const std::uint8_t ink : i % width < width / 2 ? left : right) {
      pixels.push_back(static_cast<std::uint8_t>(255 - ink));
    }
  }
  return make_jpeg(options, pixels);
}

TEST(Cmyk, PlanesHoldAmountsOfInk) {
  constexpr Inks kLeft{200, 0, 100, 0}, kRight{0, 30, 255, 220};
  for (const Kind& kind : kKinds) {
    for (const std::uint32_t side : {1u, 2u, 4u, 8u}) {
      SCOPED_TRACE(std::to_string(kind.ycck) + std::to_string(kind.adobe) + " " +
                   std::to_string(side));
      const auto picture = decode_with_turbo(make_file(kind, kLeft, kRight, 160, 75), side);
      ASSERT_TRUE(picture.ok()) << picture.status().to_string();
      EXPECT_EQ(picture->model, ColorModel::cmyk);
      ASSERT_EQ(picture->planes.size(), 4u);
      for (std::size_t ink = 0; ink < 4; ++ink) {
        const Plane& plane = picture->planes[ink];
        EXPECT_EQ(plane.width, 20 * side);
        EXPECT_EQ(plane.height, (75 * side + 7) / 8);
        EXPECT_DOUBLE_EQ(plane.extent_x, 20.0 * side);
        EXPECT_DOUBLE_EQ(plane.extent_y, 75 * side / 8.0);
        EXPECT_NEAR(plane.row(plane.height / 2)[0], kLeft[ink], 3) << ink;
        EXPECT_NEAR(plane.row(plane.height - 1)[plane.width - 1], kRight[ink], 3) << ink;
      }
    }
  }
}

TEST(Cmyk, DamageIsDecodedAsInOtherFiles) {
  const std::string file = make_file({.ycck = true}, {9, 9, 9, 9}, {200, 0, 0, 0}, 160, 80);
  EXPECT_TRUE(decode_with_turbo(file.substr(0, file.size() - 20), 1).ok());
  EXPECT_EQ(decode_with_turbo(file.substr(0, 40), 1).status().code(), Code::corrupt_input);
}

struct CloseProfile {
  void operator()(void* profile) const { cmsCloseProfile(profile); }
};

// A printer whose magenta is green, so that its colours cannot be mistaken for others.
cmsInt32Number green_for_magenta(const cmsUInt16Number* inks, cmsUInt16Number* lab, void*) {
  const double magenta = inks[1] / 65535.0;
  const double light = (1 - inks[3] / 65535.0) * 100;
  const cmsCIELab color{light - 20 * magenta, -70 * magenta, 60 * magenta};
  cmsFloat2LabEncodedV2(lab, &color);
  return 1;
}

std::string make_profile() {
  const std::unique_ptr<void, CloseProfile> profile(cmsCreateProfilePlaceholder(nullptr));
  cmsSetProfileVersion(profile.get(), 2.1);
  cmsSetDeviceClass(profile.get(), cmsSigOutputClass);
  cmsSetColorSpace(profile.get(), cmsSigCmykData);
  cmsSetPCS(profile.get(), cmsSigLabData);
  cmsPipeline* const pipeline = cmsPipelineAlloc(nullptr, 4, 3);
  cmsStage* const table = cmsStageAllocCLut16bit(nullptr, 5, 4, 3, nullptr);
  cmsStageSampleCLut16bit(table, green_for_magenta, nullptr, 0);
  cmsPipelineInsertStage(pipeline, cmsAT_BEGIN, table);
  cmsWriteTag(profile.get(), cmsSigAToB0Tag, pipeline);
  cmsPipelineFree(pipeline);
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile.get(), nullptr, &size);
  std::string bytes(size, 0);
  cmsSaveProfileToMem(profile.get(), bytes.data(), &size);
  return bytes;
}

std::string with_profile(std::string file, const std::string& profile) {
  using namespace std::string_literals;
  const std::string body = "ICC_PROFILE\0\1\1"s + profile;
  const std::size_t length = body.size() + 2;
  return file.insert(
      2, "\xff\xe2"s + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + body);
}

// The mean colour of the rendition, in each format.
std::vector<Color> colors_of(const std::string& file) {
  ThumbnailRequest request;
  request.source = Blob(file);
  const auto encoders = planar::own_encoders();
  for (const planar::FormatEncoder& encoder : encoders) {
    RenditionSpec spec{.width_px = 20, .height_px = 20, .quality = 95};
    spec.name = "a" + std::to_string(request.renditions.size());
    spec.format = encoder.format;
    request.renditions.push_back(spec);
  }
  const auto made =
      planar::PlanarThumbnailer({{ImageFormat::jpeg, decode_jpeg}}, encoders).make(request, {});
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  std::vector<Color> colors;
  if (!made.ok()) return colors;
  for (const MadeRendition& rendition : made->renditions) {
    colors.push_back(color_from_string(rendition.facts.color).value());
  }
  return colors;
}

void expect_color(const std::string& file, const Color& expected, int tolerance) {
  const std::vector<Color> colors = colors_of(file);
  EXPECT_FALSE(colors.empty());
  for (const Color& color : colors) {
    EXPECT_NEAR(color.red, expected.red, tolerance);
    EXPECT_NEAR(color.green, expected.green, tolerance);
    EXPECT_NEAR(color.blue, expected.blue, tolerance);
  }
}

std::string solid(const Kind& kind, const Inks& inks) {
  return make_file(kind, inks, inks, 200, 160);
}

TEST(Cmyk, WithoutAProfileBlackIsBlack) {
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(std::to_string(kind.ycck) + std::to_string(kind.adobe));
    expect_color(solid(kind, {0, 0, 0, 0}), {255, 255, 255}, 1);
    expect_color(solid(kind, {0, 0, 0, 255}), {0, 0, 0}, 1);
    expect_color(solid(kind, {255, 0, 0, 0}), {0, 255, 255}, 3);
    expect_color(solid(kind, {0, 100, 200, 55}), {200, 122, 43}, 4);
  }
}

TEST(Cmyk, AProfileSaysWhatTheInksLookLike) {
  const std::string profile = make_profile();
  ASSERT_GT(profile.size(), 1'000u);
  for (const Kind& kind : kKinds) {
    SCOPED_TRACE(std::to_string(kind.ycck) + std::to_string(kind.adobe));
    expect_color(with_profile(solid(kind, {0, 0, 0, 0}), profile), {255, 255, 255}, 3);
    expect_color(with_profile(solid(kind, {0, 0, 0, 255}), profile), {0, 0, 0}, 3);
    for (const Color& color : colors_of(with_profile(solid(kind, {0, 255, 0, 0}), profile))) {
      EXPECT_GT(color.green, 180);
      EXPECT_LT(color.red, 120);
      EXPECT_LT(color.blue, 120);
    }
  }
}

TEST(Cmyk, LimitsComeBeforePixels) {
  ThumbnailRequest request;
  request.source = Blob(solid({}, {1, 2, 3, 4}));
  request.renditions = {{.width_px = 20, .height_px = 20}};
  request.limits.max_side_px = 199;
  planar::PlanarThumbnailer thumbnailer({{ImageFormat::jpeg, decode_jpeg}}, planar::own_encoders());
  EXPECT_EQ(thumbnailer.make(request, {}).status().code(), Code::too_large);
  request.limits = {};
  request.admit = [](std::uint64_t) { return Status(Code::too_large, "decoder-memory"); };
  EXPECT_EQ(thumbnailer.make(request, {}).status().message(), "decoder-memory");
}

}  // namespace
}  // namespace thumbmill::jpeg
