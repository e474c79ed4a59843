// Files that people reported, to us or to other projects, through real decoder processes, in every
// format that is written. What a trusted viewer shows of each lies beside it. Skipped, visibly,
// without THUMBMILL_CORPUS.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "pictures.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

constexpr int kGrid = 8;
// What coding with loss may add.
constexpr double kLossy = 1;

std::string folder() {
  const char* const named = std::getenv("THUMBMILL_CORPUS");
  return std::string(named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus") +
         "/reported";
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The names in reported.tsv's first column.
std::vector<std::string> reported() {
  std::vector<std::string> files;
  std::ifstream table(folder() + "/reported.tsv");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) files.push_back(line.substr(0, line.find('\t')));
  return files;
}

// Mean colours over white, and mean alpha, of each field of a grid: 4 values a field.
std::vector<double> grid_of(const Picture& picture) {
  std::vector<double> fields;
  const auto [width, height] = picture.size;
  const auto range = [](int i, std::uint32_t side) {
    const std::uint32_t begin = static_cast<std::uint32_t>(i) * side / kGrid;
    return std::pair{begin,
                     std::max(begin + 1, (static_cast<std::uint32_t>(i) + 1) * side / kGrid)};
  };
  for (int v = 0; v < kGrid; ++v) {
    for (int u = 0; u < kGrid; ++u) {
      double sums[4] = {};
      int count = 0;
      const auto [left, right] = range(u, width);
      const auto [top, bottom] = range(v, height);
      for (std::uint32_t y = top; y < bottom; ++y) {
        for (std::uint32_t x = left; x < right; ++x, ++count) {
          const auto color = picture.at(x, y);
          const double alpha = color[3] / 255.0;
          for (std::size_t c = 0; c < 3; ++c) sums[c] += color[c] * alpha + 255 * (1 - alpha);
          sums[3] += color[3];
        }
      }
      for (const double sum : sums) fields.push_back(sum / count);
    }
  }
  return fields;
}

// What a format that stores colours at half the sides, whatever the quality, makes of the
// reference: between strong colours that shows on the grid.
Picture as_webp(const std::string& png) {
  const auto image = make_image([&](VipsImage** out) {
    *out = vips_image_new_from_buffer(png.data(), png.size(), "", nullptr);
    return *out == nullptr ? -1 : 0;
  });
  return decode_picture(write_picture(image->get(), ".webp[Q=95]"));
}

double greatest_difference(const std::vector<double>& a, const std::vector<double>& b,
                           bool with_alpha) {
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i % 4 != 3 || with_alpha) greatest = std::max(greatest, std::abs(a[i] - b[i]));
  }
  return greatest;
}

class Reported : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("reported_test"), 0); }

  NoMetrics metrics_;
  NoLogger log_;
  SystemClock clock_;
};

TEST_P(Reported, ComesOutAsATrustedViewerShowsIt) {
  const std::string& name = GetParam();
  const auto pool =
      DecoderPool::start(
          {.command = {THUMBMILL_DECODER}, .single_command = {THUMBMILL_CODECS}, .processes = 1},
          metrics_, log_, clock_)
          .value();
  const std::string reference = read(folder() + "/ref/" + name + ".png");
  const Picture right = decode_picture(reference);
  const bool is_hdr = name.find("hdr") != std::string::npos || name.find("pq") != std::string::npos;
  // Scalers differ; so do curves that bring bright pictures down to sRGB.
  const double tolerance = is_hdr ? 6 : 4;
  const std::string bytes = read(folder() + "/" + name);
  ThumbnailRequest request;
  request.format = sniff_image_format(bytes).value();
  request.source = Blob(bytes);
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::webp, ImageFormat::jpeg,
                                   ImageFormat::avif, ImageFormat::jxl}) {
    SCOPED_TRACE(image_format_info(format).name);
    // JPEG XL without loss: with it, a few pixels of strong colours are far from what they were.
    const int quality = format == ImageFormat::jxl ? 100 : 95;
    request.renditions = {
        {.width_px = 200, .height_px = 200, .format = format, .quality = quality}};
    if (name.starts_with("thin-cover-enlarge-refused")) {
      RenditionSpec square = request.renditions[0];
      square.name = "square";
      square.fit = Fit::cover;
      square.enlarge = true;
      request.renditions.push_back(square);
    }
    const auto made = pool->make(request, {});
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    const Picture picture = decode_picture(made->renditions.at(0).bytes.to_string().value());
    EXPECT_NEAR(picture.size.width, right.size.width, 1);
    EXPECT_NEAR(picture.size.height, right.size.height, 1);
    const double difference = greatest_difference(
        grid_of(picture), grid_of(format == ImageFormat::webp ? as_webp(reference) : right),
        format != ImageFormat::jpeg);
    // The reference of this one is a sample here and there; what it shows beside is the size.
    if (!name.starts_with("thin-cover-enlarge-refused")) {
      EXPECT_LE(difference, format == ImageFormat::png ? tolerance : tolerance + kLossy);
    }
    if (made->renditions.size() > 1) {
      EXPECT_EQ(made->renditions[1].facts.size, (SizePx{200, 200}));
    }
  }
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Reported);
INSTANTIATE_TEST_SUITE_P(Corpus, Reported, ::testing::ValuesIn(reported()), test_name);

// So that a run without the files says so.
TEST(ReportedFiles, AreThere) {
  if (reported().empty()) GTEST_SKIP() << "no images at " << folder() << "; set THUMBMILL_CORPUS";
}

}  // namespace
}  // namespace thumbmill
