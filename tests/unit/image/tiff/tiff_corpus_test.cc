// The TIFF kernel on real files, which are no part of the project: THUMBMILL_CORPUS names their
// folder, else it is ../shared/corpus beside the source tree; skipped, visibly, without.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/planar/planar_thumbnailer.h"
#include "image/tiff/tiff_kernel.h"
#include "pictures.h"

namespace thumbmill {
namespace {

namespace fs = std::filesystem;

constexpr int kGrid = 8;
constexpr double kTolerance = 4;

fs::path folder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_tiff(const fs::path& path) {
  return path.extension() == ".tif" || path.extension() == ".tiff";
}

std::vector<fs::path> tiffs_in(const char* name) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder() / name)) {
    if (is_tiff(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<Thumbnails> make(const std::string& file, std::uint32_t side) {
  planar::PlanarThumbnailer thumbnailer({{ImageFormat::tiff, tiff::decode_tiff}},
                                        planar::own_encoders());
  ThumbnailRequest request;
  request.source = Blob(file);
  request.format = ImageFormat::tiff;
  request.renditions = {
      RenditionSpec{.width_px = side, .height_px = side, .format = ImageFormat::png}};
  return thumbnailer.make(request, {});
}

// Means of the cells of a grid: red, green and blue on white, and alpha.
std::vector<double> grid_of(const Picture& picture) {
  std::vector<double> cells(kGrid * kGrid * 4), counts(kGrid * kGrid);
  for (std::uint32_t y = 0; y < picture.size.height; ++y) {
    for (std::uint32_t x = 0; x < picture.size.width; ++x) {
      const std::size_t cell =
          y * kGrid / picture.size.height * kGrid + x * kGrid / picture.size.width;
      const auto pixel = picture.at(x, y);
      for (std::size_t c = 0; c < 3; ++c) {
        cells[cell * 4 + c] += (pixel[c] * pixel[3] + 255 * (255 - pixel[3])) / 255.0;
      }
      cells[cell * 4 + 3] += pixel[3];
      ++counts[cell];
    }
  }
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] /= std::max(counts[i / 4], 1.0);
  return cells;
}

class TiffCorpus : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("tiff_corpus_test"), 0); }
  void SetUp() override {
    if (!fs::exists(folder() / "good")) GTEST_SKIP() << "no corpus in " << folder();
  }
};

TEST_F(TiffCorpus, ReportedFilesLookAsTheirReferences) {
  for (const fs::path& path : tiffs_in("reported")) {
    SCOPED_TRACE(path.filename());
    const auto made = make(contents(path), 200);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    const Picture ours = decode_picture(made->renditions[0].bytes.to_string().value());
    const Picture reference = decode_picture(
        contents(folder() / "reported" / "ref" / (path.filename().string() + ".png")));
    EXPECT_NEAR(ours.size.width, reference.size.width, 1);
    EXPECT_NEAR(ours.size.height, reference.size.height, 1);
    const std::vector<double> a = grid_of(ours), b = grid_of(reference);
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
    EXPECT_LE(worst, kTolerance);
  }
}

TEST_F(TiffCorpus, GoodFilesGiveThumbnails) {
  for (const fs::path& path : tiffs_in("good")) {
    const auto made = make(contents(path), 256);
    EXPECT_TRUE(made.ok()) << path << made.status().to_string();
  }
}

TEST_F(TiffCorpus, BadFilesEndInAPictureOrAPermanentError) {
  for (const fs::path& path : tiffs_in("bad")) {
    const Code code = make(contents(path), 256).status().code();
    EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                code == Code::too_large)
        << path << " " << code_name(code);
  }
}

}  // namespace
}  // namespace thumbmill
