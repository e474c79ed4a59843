// The part of ThumbnailerSuite about images that are too large, damaged, or no images at all.
#pragma once

#include "conformance/thumbnailer_suite.h"

namespace thumbmill {

TEST_P(ThumbnailerSuite, NamesTheLimitThatIsExceeded) {
  const std::string jpeg = write_picture(four_colors(64, 64).get(), ".jpg");
  EXPECT_EQ(failure_of(with_jpeg_size(jpeg, 20'000, 20'000)), Code::too_large);
  EXPECT_THAT(message_, ::testing::HasSubstr("max-pixels"));
  EXPECT_EQ(failure_of(with_jpeg_size(jpeg, 40'000, 8)), Code::too_large);
  EXPECT_THAT(message_, ::testing::HasSubstr("max-side"));

  const std::string progressive = write_picture(noise(64, 64).get(), ".jpg[interlace]");
  ImageLimits limits;
  limits.max_scans = 3;
  EXPECT_EQ(failure_of(progressive, limits), Code::too_large);
  EXPECT_THAT(message_, ::testing::HasSubstr("max-scans"));
  EXPECT_EQ(failure_of(progressive), Code::ok);

  const auto pages =
      make_image([&](VipsImage** out) { return vips_copy(noise(16, 64).get(), out, nullptr); });
  vips_image_set_int(pages->get(), VIPS_META_PAGE_HEIGHT, 16);
  limits = {};
  limits.max_pages = 3;
  EXPECT_EQ(failure_of(write_picture(pages->get(), ".tif"), limits), Code::too_large);
  EXPECT_THAT(message_, ::testing::HasSubstr("max-pages"));
}

TEST_P(ThumbnailerSuite, RefusesRenditionsOfMorePixelsThanAreAllowed) {
  ImageLimits limits;
  limits.max_rendition_pixels = 64 * 48 - 1;
  const RenditionSpec whole{.name = "whole", .width_px = 8192, .height_px = 8192};
  const RenditionSpec enlarged{.name = "enlarged", .width_px = 65, .height_px = 0, .enlarge = true};
  const RenditionSpec small{.width_px = 60, .height_px = 60};
  for (const char* suffix : {".jpg", ".jpg[interlace]", ".png", ".webp", ".gif", ".tif", ".heic",
                             ".avif", ".jxl", ".jp2", ".ppm"}) {
    SCOPED_TRACE(suffix);
    const std::string file = write_picture(four_colors(64, 48).get(), suffix);
    for (const RenditionSpec& spec : {whole, enlarged}) {
      const Status status = make(file, {small, spec}, limits).status();
      EXPECT_EQ(status.code(), Code::too_large) << spec.name;
      EXPECT_THAT(status.message(), ::testing::HasSubstr(spec.name));
      EXPECT_THAT(status.message(), ::testing::HasSubstr("max-rendition-pixels"));
    }
    EXPECT_TRUE(make(file, {small}, limits).ok());
  }
}

TEST_P(ThumbnailerSuite, RefusesFormatsThatAreNotDecoded) {
  for (const ImageFormat format : {ImageFormat::svg}) {
    ThumbnailRequest request;
    request.format = format;
    request.source = Blob("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
    request.renditions = {RenditionSpec()};
    EXPECT_EQ(thumbnailer_.make(request, {}).status().code(), Code::unsupported);
  }
}

TEST_P(ThumbnailerSuite, SaysWhichVariantsAreNotDecoded) {
  std::string twelve_bits = write_picture(four_colors(64, 48).get(), ".jpg");
  const std::size_t frame = twelve_bits.find("\xff\xc0");  // SOF0: marker, length, precision
  ASSERT_NE(frame, std::string::npos);
  twelve_bits[frame + 1] = '\xc1';  // the extended process, which has a precision of 12
  twelve_bits[frame + 4] = 12;
  EXPECT_EQ(failure_of(twelve_bits), Code::unsupported);
}

TEST_P(ThumbnailerSuite, TheRequestsFormatAloneChoosesTheDecoder) {
  ThumbnailRequest request;
  request.format = ImageFormat::png;
  request.source = Blob(write_picture(four_colors(64, 64).get(), ".jpg"));
  request.renditions = {RenditionSpec()};
  EXPECT_EQ(thumbnailer_.make(request, {}).status().code(), Code::corrupt_input);
}

TEST_P(ThumbnailerSuite, TakesAnyNumberOfBandsOrSaysWhyNot) {
  for (int bands = 1; bands <= 7; ++bands) {
    SCOPED_TRACE(bands);
    const auto image = make_image(
        [&](VipsImage** out) { return vips_black(out, 64, 48, "bands", bands, nullptr); });
    const Code code = failure_of(write_picture(image->get(), ".tif"));
    EXPECT_TRUE(code == Code::ok || (bands > 4 && code == Code::unsupported)) << code_name(code);
  }
}

TEST_P(ThumbnailerSuite, RefusesJunkWithAMessage) {
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::gif, ImageFormat::tiff,
        ImageFormat::heic, ImageFormat::avif, ImageFormat::pnm}) {
    for (const std::size_t size : {0, 1, 7, 64, 5000}) {
      SCOPED_TRACE(std::string(image_format_info(format).name) + " " + std::to_string(size));
      ThumbnailRequest request;
      request.format = format;
      request.source = Blob(std::string(size, '\x5a'));
      request.renditions = {RenditionSpec()};
      const Status status = thumbnailer_.make(request, {}).status();
      EXPECT_EQ(status.code(), Code::corrupt_input);
      EXPECT_FALSE(status.message().empty());
    }
  }
}

TEST_P(ThumbnailerSuite, ATruncatedJpegGivesWhatThereIs) {
  std::string file = write_picture(four_colors(400, 400).get(), ".jpg[Q=95]");
  file.resize(file.size() * 6 / 10);
  const RenditionSpec spec{.width_px = 100, .height_px = 100, .quality = 95};
  const Picture picture = make_picture(file, spec);
  EXPECT_LE(color_distance(picture.at(25, 20), kRed), kColorTolerance);
  EXPECT_EQ(make_picture(file, spec).pixels, picture.pixels);  // nothing left over from elsewhere
}

TEST_P(ThumbnailerSuite, SurvivesABrokenProfile) {
  const auto p3 = make_image([&](VipsImage** out) {
    return vips_icc_transform(four_colors(200, 200).get(), out, "p3", "input_profile", "srgb",
                              nullptr);
  });
  std::string file = write_picture(p3->get(), ".jpg[Q=95]");
  const std::size_t signature = file.find("acsp");  // ICC.1:2010 7.2.9
  ASSERT_NE(signature, std::string::npos);
  file.replace(signature + 4, 300, std::string(300, 'x'));
  // Without its profile a P3 picture is a little dull.
  expect_four_colors(make_picture(file, {.width_px = 100, .height_px = 100, .quality = 95}), 60);
}

TEST_P(ThumbnailerSuite, EveryPrefixEndsInAPictureOrAFailure) {
  const VipsImagePtr image = four_colors(64, 48);
  for (const char* suffix : {".jpg", ".png", ".webp", ".gif", ".tif", ".heic", ".avif", ".ppm"}) {
    const std::string whole = write_picture(image.get(), suffix);
    for (std::size_t part = 1; part < 12; ++part) {
      SCOPED_TRACE(suffix + std::string(" ") + std::to_string(part) + "/12");
      ThumbnailRequest request;
      request.format = *sniff_image_format(whole);
      request.source = Blob(whole.substr(0, whole.size() * part / 12));
      request.renditions = {RenditionSpec()};
      const Code code = thumbnailer_.make(request, {}).status().code();
      EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input) << code_name(code);
    }
  }
}

// GLib asks who listens before it warns (getpeername), which is death in a confined process.
TEST_P(ThumbnailerSuite, AWarningOfALibraryIsNoCrash) {
  const std::string no_width = "P6 0 5 255\n" + std::string(30, 'x');  // libvips 8.14 takes it as 1
  const Code code = failure_of(no_width);
  EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input) << code_name(code);
}

TEST_P(ThumbnailerSuite, ChecksTheRequest) {
  const std::string file = write_picture(four_colors(64, 48).get(), ".png");
  EXPECT_EQ(make(file, {}).status().code(), Code::invalid_argument);
  EXPECT_EQ(make(file, {RenditionSpec{.quality = 0}}).status().code(), Code::invalid_argument);
  EXPECT_EQ(make(file, std::vector<RenditionSpec>(2)).status().code(), Code::invalid_argument);
}

}  // namespace thumbmill
