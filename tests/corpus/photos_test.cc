// Our own kernels, for JPEG, PNG and WebP, on real photos beside libvips: as near to the picture at
// full resolution, and in the right colours. Skipped, visibly, without THUMBMILL_CORPUS.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "decoder/kernels.h"
#include "pictures.h"
#include "reference/vips_thumbnailer.h"

namespace thumbmill {
namespace {

// What a kernel may be worse by, in decibels.
constexpr double kMargin = 0.2;

std::vector<std::string> photos() {
  const char* const named = std::getenv("THUMBMILL_CORPUS");
  const std::string folder =
      std::string(named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus") + "/photos";
  std::vector<std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".jpg" || extension == ".png" || extension == ".webp")
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Three bands, interleaved.
struct Floats {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<float> values;
};

// Resized in height by lanczos3, without any rounding, and exchanged: twice makes a picture upright
// again. Neither kernel's arithmetic, so that it favours none; libvips' own resize begins with a
// box filter.
Floats resized(const Floats& source, std::size_t height) {
  Floats made{height, source.width, std::vector<float>(height * source.width * 3)};
  const double step = static_cast<double>(source.height) / static_cast<double>(height);
  const double scale = std::max(1.0, step);
  std::vector<double> sums(source.width * 3);
  for (std::size_t i = 0; i < height; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * step;
    std::fill(sums.begin(), sums.end(), 0);
    double total = 0;
    for (auto j = static_cast<int>(center - 3 * scale) - 1; j < center + 3 * scale; ++j) {
      const double x = (j + 0.5 - center) / scale;
      if (std::abs(x) >= 3) continue;
      const double pi_x = std::numbers::pi * x;
      const double weight = x == 0 ? 1 : 3 * std::sin(pi_x) * std::sin(pi_x / 3) / (pi_x * pi_x);
      const auto row =
          static_cast<std::size_t>(std::clamp(j, 0, static_cast<int>(source.height) - 1));
      for (std::size_t x3 = 0; x3 < sums.size(); ++x3) {
        sums[x3] += weight * source.values[row * sums.size() + x3];
      }
      total += weight;
    }
    for (std::size_t x3 = 0; x3 < sums.size(); ++x3) {
      made.values[(x3 / 3 * height + i) * 3 + x3 % 3] = static_cast<float>(sums[x3] / total);
    }
  }
  return made;
}

// Decoded at full resolution, converted, turned and then resized.
Floats ideal(const std::string& file, SizePx size) {
  auto image = make_image([&](VipsImage** out) {
                 *out = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
                 return *out == nullptr ? -1 : 0;
               }).value();
  image =
      make_image([&](VipsImage** out) { return vips_autorot(image.get(), out, nullptr); }).value();
  if (vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0) {
    image = make_image([&](VipsImage** out) {
              return vips_icc_transform(image.get(), out, "srgb", "embedded", TRUE, "intent",
                                        VIPS_INTENT_RELATIVE, "depth", 8, nullptr);
            }).value();
  }
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(
      vips_image_write_to_memory(image.get(), &bytes), &g_free);
  const auto* const samples = static_cast<const unsigned char*>(pixels.get());
  Floats full{static_cast<std::size_t>(image->Xsize),
              static_cast<std::size_t>(image->Ysize),
              {samples, samples + bytes}};
  return resized(resized(full, size.height), size.width);
}

// Peak signal-to-noise ratio of luma (row 0), blue and red difference, in decibels.
double psnr(const Picture& a, const Floats& b, int component) {
  static constexpr double kRows[3][3] = {
      {0.299, 0.587, 0.114}, {-0.168736, -0.331264, 0.5}, {0.5, -0.418688, -0.081312}};
  double sum = 0;
  const std::size_t count = std::size_t{a.size.width} * a.size.height;
  for (std::size_t i = 0; i < count; ++i) {
    double difference = 0;
    for (std::size_t band = 0; band < 3; ++band) {
      difference +=
          kRows[component][band] * (static_cast<unsigned char>(a.pixels[i * a.bands + band]) -
                                    std::clamp(b.values[i * 3 + band], 0.0f, 255.0f));
    }
    sum += difference * difference;
  }
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(count) / sum);
}

class OwnKernels : public ::testing::TestWithParam<std::string> {};

TEST_P(OwnKernels, AreAsNearToTheOriginalAsThoseOfLibvips) {
  const auto ours = make_kernels().value();
  const auto vips = VipsThumbnailer::create().value();
  ThumbnailRequest request;
  const std::string file = read(GetParam());
  request.format = sniff_image_format(file).value();
  request.source = Blob(file);
  for (const std::uint32_t side : {200u, 400u, 800u}) {
    SCOPED_TRACE(side);
    request.renditions = {{.width_px = side, .height_px = side, .quality = 95}};
    const auto made = ours->make(request, {});
    const auto theirs = vips->make(request, {});
    ASSERT_TRUE(made.ok() && theirs.ok()) << made.status().to_string();
    const MadeRendition& rendition = made->renditions.at(0);
    ASSERT_EQ(rendition.facts.size, theirs->renditions.at(0).facts.size);
    const Floats expected = ideal(file, rendition.facts.size);
    const Picture a = decode_picture(rendition.bytes.to_string().value());
    const Picture b = decode_picture(theirs->renditions.at(0).bytes.to_string().value());
    ASSERT_EQ(a.size, rendition.facts.size);
    ASSERT_EQ(expected.width, a.size.width);
    std::string line;
    for (int component = 0; component < 3; ++component) {
      const double mine = psnr(a, expected, component);
      const double vipses = psnr(b, expected, component);
      if (component == 0) {
        EXPECT_GE(mine, vipses - kMargin);
      }
      line += " " + std::to_string(mine).substr(0, 5) + "/" + std::to_string(vipses).substr(0, 5);
    }
    std::cout << std::filesystem::path(GetParam()).filename().string() << " " << side
              << " dB, ours/libvips, luma, blue, red:" << line << "\n";
    const auto color = [](const MadeRendition& m) { return *color_from_string(m.facts.color); };
    const Color mean = color(rendition), theirs_mean = color(theirs->renditions.at(0));
    EXPECT_NEAR(mean.red, theirs_mean.red, 2);
    EXPECT_NEAR(mean.green, theirs_mean.green, 2);
    EXPECT_NEAR(mean.blue, theirs_mean.blue, 2);
  }
}

std::string name_of(const ::testing::TestParamInfo<std::string>& photo) {
  return std::filesystem::path(photo.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(Photos, OwnKernels, ::testing::ValuesIn(photos()), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OwnKernels);

TEST(PhotosCorpus, IsThere) {
  if (photos().empty()) GTEST_SKIP() << "no photos; set THUMBMILL_CORPUS";
}

}  // namespace
}  // namespace thumbmill
