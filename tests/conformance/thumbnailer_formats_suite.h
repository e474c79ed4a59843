// The part of ThumbnailerSuite about what is particular to formats: orientation, and files that are
// composed byte by byte.
#pragma once

#include "conformance/thumbnailer_suite.h"
#include "raster_files.h"

namespace thumbmill {

// Every format that says which way up it is, by EXIF, by its own tag (TIFF), or by the container
// (irot and imir), in every format that is written.
TEST_P(ThumbnailerSuite, TurnsEveryOrientationUpright) {
  const VipsImagePtr upright = four_colors(240, 160);
  std::vector<RenditionSpec> specs;
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp,
                                   ImageFormat::avif, ImageFormat::jxl}) {
    specs.push_back({.name = std::string(image_format_info(format).name),
                     .width_px = 60,
                     .height_px = 60,
                     .format = format,
                     .quality = 95});
  }
  for (const char* suffix : {".jpg[Q=95]", ".png", ".webp[Q=95]", ".webp[lossless]", ".tif",
                             ".heic[Q=95]", ".avif[Q=95]"}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      SCOPED_TRACE(suffix + std::string(" ") + std::to_string(orientation));
      std::string file = write_picture(turned(upright.get(), orientation).get(), suffix);
      if (suffix == std::string_view(".png")) file = with_png_orientation(file, orientation);
      const auto made = make(file, specs);
      ASSERT_TRUE(made.ok()) << made.status().to_string();
      EXPECT_EQ(made->source_size, (SizePx{240, 160}));
      for (std::size_t i = 0; i < specs.size(); ++i) {
        SCOPED_TRACE(specs[i].name);
        const Picture picture = check(made->renditions.at(i), specs[i], made->source_size);
        ASSERT_EQ(picture.size, (SizePx{60, 40}));
        expect_four_colors(picture);
      }
    }
  }
}

TEST_P(ThumbnailerSuite, DecodesWhatLibvipsDoesNotWrite) {
  const VipsImagePtr image = four_colors(120, 80);
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(
      vips_image_write_to_memory(image.get(), &bytes), &g_free);
  const std::string pixels(static_cast<const char*>(memory.get()), bytes);
  const SizePx size{120, 80};
  for (const std::string& file : {bmp_file(size, pixels), ico_file(size, pixels),
                                  tga_file(size, pixels), psd_file(size, pixels)}) {
    const auto format = sniff_image_format(file);
    ASSERT_TRUE(format.has_value());
    SCOPED_TRACE(image_format_info(*format).name);
    const RenditionSpec spec{.width_px = 60, .height_px = 60, .quality = 95};
    const Picture picture = make_picture(file, spec);
    ASSERT_EQ(picture.size, (SizePx{60, 40}));
    expect_four_colors(picture);
    ImageLimits limits;
    limits.max_side_px = 100;
    EXPECT_EQ(failure_of(file, limits), Code::too_large);
    EXPECT_EQ(failure_of(file.substr(0, 10)), Code::corrupt_input);
  }
}

}  // namespace thumbmill
