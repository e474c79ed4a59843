// It must not matter which kernel a job gets: what our own make of an image, and the facts they
// tell, are what libvips makes of it and tells, but for little.
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "decoder/own_kernels.h"
#include "image/tiff/tiff_kernel.h"
#include "pictures.h"
#include "reference/vips_thumbnailer.h"

namespace thumbmill {
namespace {

struct Source {
  const char* suffix;
  int orientation;
  bool display_p3;
};

void PrintTo(const Source& source, std::ostream* out) {
  *out << source.suffix << ", orientation " << source.orientation
       << (source.display_p3 ? ", Display P3" : "");
}

using Case = std::tuple<Source, ImageFormat>;

// Of the formats below.
std::unique_ptr<Thumbnailer> make_ours() {
  std::vector<planar::FormatDecoder> decoders = own_decoders();
  decoders.push_back({ImageFormat::tiff, tiff::decode_tiff});
  return std::make_unique<planar::PlanarThumbnailer>(std::move(decoders), planar::own_encoders());
}

class Kernels : public ::testing::TestWithParam<Case> {
 protected:
  Kernels() : vips_(VipsThumbnailer::create().value()) {}

  static std::string make_file(const Source& source) {
    // Smooth, but with nothing flat in it.
    VipsImagePtr image = noise(9, 7);
    const auto change = [&](auto operation) { image = make_image(operation).value(); };
    change([&](VipsImage** out) { return vips_resize(image.get(), out, 48.0, nullptr); });
    if (source.display_p3) {
      change([&](VipsImage** out) {
        return vips_icc_transform(image.get(), out, "p3", "input_profile", "srgb", nullptr);
      });
    }
    image = turned(image.get(), source.orientation);
    return write_picture(image.get(), source.suffix);
  }

  const std::unique_ptr<Thumbnailer> ours_ = make_ours();
  std::unique_ptr<VipsThumbnailer> vips_;
};

TEST_P(Kernels, Agree) {
  const auto& [source, format] = GetParam();
  // Strong colours in a picture of 40 x 30 pixels: what lossy coding does to it differs with a
  // level.
  const double tolerance = format == ImageFormat::png ? 2.5 : 5.5;
  ThumbnailRequest request;
  const std::string file = make_file(source);
  request.format = sniff_image_format(file).value();
  request.source = Blob(file);
  for (const Fit fit : {Fit::inside, Fit::cover, Fit::contain, Fit::fill}) {
    for (const std::uint32_t side : {60u, 170u, 330u}) {  // reduced by 3, 1 and not by decoding
      for (const int quality : {80, 95}) {
        SCOPED_TRACE(std::string(fit_name(fit)) + " " + std::to_string(side));
        RenditionSpec spec{.width_px = side, .height_px = side / 2, .fit = fit, .quality = quality};
        spec.format = format;
        request.renditions = {spec};
        const auto made = ours_->make(request, {});
        const auto expected = vips_->make(request, {});
        ASSERT_TRUE(made.ok() && expected.ok()) << made.status().to_string();
        EXPECT_EQ(made->source_size, expected->source_size);
        const RenditionResult& mine = made->renditions.at(0).facts;
        const RenditionResult& theirs = expected->renditions.at(0).facts;
        EXPECT_EQ(mine.name, theirs.name);
        EXPECT_EQ(mine.format, theirs.format);
        EXPECT_EQ(mine.size, theirs.size);
        const Color a = *color_from_string(mine.color), b = *color_from_string(theirs.color);
        EXPECT_LE(color_distance({a.red, a.green, a.blue, 0}, {b.red, b.green, b.blue, 0}), 3);
        EXPECT_LT(
            mean_difference(decode_picture(made->renditions.at(0).bytes.to_string().value()),
                            decode_picture(expected->renditions.at(0).bytes.to_string().value())),
            tolerance);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Jpeg, Kernels,
    ::testing::Combine(::testing::Values(Source{".jpg[Q=92]", 1, false},
                                         Source{".jpg[Q=92,interlace]", 6, false},
                                         Source{".jpg[Q=92,subsample_mode=off]", 3, true}),
                       ::testing::Values(ImageFormat::jpeg, ImageFormat::webp, ImageFormat::png)));

INSTANTIATE_TEST_SUITE_P(
    Png, Kernels,
    ::testing::Combine(::testing::Values(Source{".png", 1, false}, Source{".png", 6, false},
                                         Source{".png", 3, true}),
                       ::testing::Values(ImageFormat::jpeg, ImageFormat::webp, ImageFormat::png)));

INSTANTIATE_TEST_SUITE_P(
    Tiff, Kernels,
    ::testing::Combine(
        ::testing::Values(Source{".tif", 1, false},
                          Source{".tif[compression=lzw,predictor=horizontal]", 6, false},
                          Source{".tif[compression=deflate,tile,tile-width=64,tile-height=64]", 3,
                                 true}),
        ::testing::Values(ImageFormat::jpeg, ImageFormat::webp, ImageFormat::png)));

INSTANTIATE_TEST_SUITE_P(Webp, Kernels,
                         ::testing::Combine(::testing::Values(Source{".webp[Q=92]", 1, false},
                                                              Source{".webp[Q=92]", 6, false},
                                                              Source{".webp[Q=92]", 3, true},
                                                              Source{".webp[lossless]", 1, false},
                                                              Source{".webp[lossless]", 8, true}),
                                            ::testing::Values(ImageFormat::jpeg, ImageFormat::webp,
                                                              ImageFormat::png)));

}  // namespace
}  // namespace thumbmill
