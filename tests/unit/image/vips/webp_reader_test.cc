#include "image/vips/webp_reader.h"

#include <string>

#include <gtest/gtest.h>

#include "pictures.h"

namespace thumbmill {
namespace {

class WebpReader : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("webp_reader_test"), 0); }
};

TEST_F(WebpReader, GivesThePixelsThatLibvipsGives) {
  for (const bool alpha : {false, true}) {
    const VipsImagePtr image = alpha ? four_colors_alpha(400, 300, 77) : noise(400, 300);
    for (const char* suffix : {".webp[Q=90]", ".webp[lossless]"}) {
      SCOPED_TRACE(suffix);
      const std::string file = write_picture(image.get(), suffix);
      const auto made = read_scaled_webp(file, {100, 75}, {});
      ASSERT_TRUE(made.has_value());
      const auto scaled = make_image([&](VipsImage** out) {
        return vips_webpload_buffer(const_cast<char*>(file.data()), file.size(), out, "scale", 0.25,
                                    nullptr);
      });
      ASSERT_EQ(scaled->get()->Bands, static_cast<int>(made->channels));
      std::size_t size = 0;
      void* memory = vips_image_write_to_memory(scaled->get(), &size);
      const auto* first = static_cast<const std::uint8_t*>(memory);
      EXPECT_EQ(made->bytes, std::vector<std::uint8_t>(first, first + size));
      g_free(memory);
    }
  }
}

TEST_F(WebpReader, DeclinesWhatIsNotAPlainPicture) {
  const std::string file = write_picture(noise(64, 48).get(), ".webp");
  EXPECT_TRUE(read_scaled_webp(file, {32, 24}, {}).has_value());
  for (const SizePx size : {SizePx{0, 1}, SizePx{1, 0}, SizePx{65, 48}, SizePx{64, 49}}) {
    EXPECT_FALSE(read_scaled_webp(file, size, {}).has_value());
  }
  ImageLimits limits;
  limits.max_side_px = 63;
  EXPECT_FALSE(read_scaled_webp(file, {32, 24}, limits).has_value());
  limits = {};
  limits.max_pixels = 64 * 48 - 1;
  EXPECT_FALSE(read_scaled_webp(file, {32, 24}, limits).has_value());
  const auto both =
      make_image([&](VipsImage** out) { return vips_copy(noise(64, 96).get(), out, nullptr); });
  vips_image_set_int(both->get(), VIPS_META_PAGE_HEIGHT, 48);
  EXPECT_FALSE(read_scaled_webp(write_picture(both->get(), ".webp"), {32, 24}, {}).has_value());
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(read_scaled_webp(file.substr(0, size), {32, 24}, {}).has_value()) << size;
  }
}

}  // namespace
}  // namespace thumbmill
