// The HEIF kernel on real files: what leaving block edges and using embedded thumbnails costs,
// against the picture at full resolution. Skipped, visibly, without THUMBMILL_CORPUS.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "image/heif/container.h"
#include "image/heif/embedded_thumbnail.h"
#include "image/heif/still_decoder.h"
#include "image/planar/render.h"
#include "image/reduction.h"

namespace thumbmill::heif {
namespace {

// Luma of a rendition against one made of the whole picture, in decibels. A JPEG of quality 80
// comes to 33 to 40.
constexpr double kLeastWithoutEdges = 45;
constexpr double kLeastOfCopy = 38;
// PQ and HLG: the whole picture becomes sRGB before it is reduced, the other one behind.
constexpr double kLeastOfHdr = 40;

std::vector<std::string> files() {
  const char* const named = std::getenv("THUMBMILL_CORPUS");
  const std::string folder = named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
  std::vector<std::string> found;
  for (const char* part : {"/good", "/reported"}) {
    if (!std::filesystem::exists(folder + part)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(folder + part)) {
      const auto extension = entry.path().extension();
      if (extension == ".heic" || extension == ".avif") found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ThumbnailRequest request_for(std::uint32_t side) {
  ThumbnailRequest request;
  request.renditions = {{.width_px = side, .height_px = side}};
  return request;
}

planar::Plane first_plane(const planar::Decoded& decoded, const ThumbnailRequest& request) {
  return planar::render(decoded.picture, plan_fit(decoded.size, request.renditions[0]), 1)
      .planes.front();
}

double likeness(const planar::Plane& a, const planar::Plane& b) {
  double squares = 0;
  for (std::size_t y = 0; y < a.height; ++y) {
    for (std::size_t x = 0; x < a.width; ++x) {
      const double difference = double(a.row(y)[x]) - b.row(y)[x];
      squares += difference * difference;
    }
  }
  const double mean = squares / static_cast<double>(a.width * a.height);
  return mean == 0 ? 100 : 10 * std::log10(255 * 255 / mean);
}

struct Source {
  std::string name, bytes;
  Container container;
  OpenStill open;
  planar::Decoded whole;
};

// Calls `look` with each file that the kernel reads itself.
void for_each_picture(const std::function<void(const Source&)>& look) {
  for (const std::string& path : files()) {
    Source source;
    source.name = std::filesystem::path(path).filename();
    source.bytes = read(path);
    auto container = read_container(source.bytes);
    if (!container.ok()) continue;
    source.container = std::move(container).value();
    const Item* const item = source.container.find(source.container.primary);
    if (item == nullptr) continue;
    auto open = open_still(source.container, *item, {});
    if (!open.ok()) continue;
    source.open = std::move(open).value();
    auto whole = decode_still(source.container, source.open, 1, BlockEdges::smooth);
    ASSERT_TRUE(whole.ok()) << source.name << ": " << whole.status().to_string();
    source.whole = std::move(whole).value();
    look(source);
  }
}

class HeifFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    if (files().empty()) GTEST_SKIP() << "no HEIF files; set THUMBMILL_CORPUS";
  }
};

TEST_F(HeifFiles, ReducedPicturesAreAsSharpAsTheWholeOnes) {
  for_each_picture([](const Source& source) {
    for (const std::uint32_t side : {100u, 200u, 400u, 800u}) {
      const ThumbnailRequest request = request_for(side);
      const auto box =
          static_cast<std::size_t>(allowed_reduction(source.open.upright, request.renditions));
      if (box < 2) continue;
      const auto reduced = decode_still(source.container, source.open, box, BlockEdges::leave);
      ASSERT_TRUE(reduced.ok()) << source.name;
      const double decibels =
          likeness(first_plane(*reduced, request), first_plane(source.whole, request));
      std::cout << source.name << " to " << side << ": " << decibels << " dB\n";
      const auto codes = source.open.still.properties.codes.value_or(ColorCodes());
      const bool hdr = codes.transfer == 16 || codes.transfer == 18;
      EXPECT_GE(decibels, hdr ? kLeastOfHdr : kLeastWithoutEdges) << source.name << " to " << side;
    }
  });
}

TEST_F(HeifFiles, EmbeddedThumbnailsDoNotShow) {
  for_each_picture([](const Source& source) {
    for (const std::uint32_t side : {50u, 100u, 160u, 200u}) {
      const ThumbnailRequest request = request_for(side);
      const auto copy = decode_embedded_thumbnail(source.container, source.open, request, ~0ull);
      if (!copy) continue;
      const double decibels =
          likeness(first_plane(*copy, request), first_plane(source.whole, request));
      std::cout << source.name << " to " << side << " from the copy: " << decibels << " dB\n";
      EXPECT_GE(decibels, kLeastOfCopy) << source.name << " to " << side;
    }
  });
}

}  // namespace
}  // namespace thumbmill::heif
