// Which answer our own kernels give together: that of the one whose format it is.
#include "decoder/own_kernels.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "image/jpeg/made_jpeg.h"
#include "image/planar/encoder.h"
#include "sandbox/process_kind.h"

namespace thumbmill {
namespace {

Status answer_to(ImageFormat format, std::string bytes) {
  ThumbnailRequest request;
  request.format = format;
  request.source = Blob(std::move(bytes));
  request.renditions = {RenditionSpec()};
  return make_own_kernels()->make(request, {}).status();
}

TEST(OwnKernels, WhatMakesNoSenseIsNotCalledAnotherFormat) {
  const std::string junk(200, 'x');
  EXPECT_EQ(answer_to(ImageFormat::jpeg, "\xff\xd8\xff" + junk).code(), Code::corrupt_input);
  EXPECT_EQ(answer_to(ImageFormat::webp, "RIFF\xc0WEBPVP8 " + junk).code(), Code::corrupt_input);
}

TEST(OwnKernels, OtherFormatsAreDeclined) {
  for (const ImageFormat format : {ImageFormat::tiff, ImageFormat::heic, ImageFormat::avif,
                                   ImageFormat::jxl, ImageFormat::jp2, ImageFormat::svg}) {
    EXPECT_EQ(answer_to(format, jpeg::make_jpeg({})).code(), Code::unsupported);
  }
}

// The pool, which parses nothing, has a list of its own of what it may give to this program.
TEST(OwnKernels, WhatSharesAProcessIsWhatTheyReadAndWrite) {
  const std::vector<planar::FormatDecoder> decoders = own_decoders();
  const std::vector<planar::FormatEncoder> encoders = planar::own_encoders();
  for (int i = 0; i <= static_cast<int>(kLastImageFormat); ++i) {
    const auto format = static_cast<ImageFormat>(i);
    const bool read = std::any_of(decoders.begin(), decoders.end(),
                                  [&](const auto& decoder) { return decoder.format == format; });
    const bool written = planar::find_encoder(encoders, format) != nullptr;
    ThumbnailRequest request;
    request.renditions = {RenditionSpec()};
    request.format = format;
    EXPECT_EQ(may_share_process(request), read) << image_format_info(format).name;
    request.format = ImageFormat::jpeg;
    request.renditions[0].format = format;
    EXPECT_EQ(may_share_process(request), written) << image_format_info(format).name;
  }
}

TEST(OwnKernels, ReadsSmallFormats) {
  EXPECT_TRUE(answer_to(ImageFormat::pnm, "P3 1 1 255\n1 2 3\n").ok());
  EXPECT_EQ(answer_to(ImageFormat::gif, jpeg::make_jpeg({})).code(), Code::corrupt_input);
}

TEST(OwnKernels, AGoodImageIsMade) {
  const Status made = answer_to(ImageFormat::jpeg, jpeg::make_jpeg({}));
  EXPECT_TRUE(made.ok()) << made.to_string();
}

}  // namespace
}  // namespace thumbmill
