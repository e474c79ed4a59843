// When the small copy in a HEIF file is used, and when it is not.
#include "image/heif/embedded_thumbnail.h"

#include <cmath>

#include <gtest/gtest.h>

#include "heif_files.h"
#include "image/heif/heif_kernel.h"
#include "image/planar/render.h"

namespace thumbmill::heif {
namespace {

using Color = std::array<double, 3>;
using Property = std::pair<std::string, std::string>;

constexpr SizePx kSize{256, 192};  // 4 x 3 tiles

Color waves(double x, double y) {
  return {0.5 + 0.3 * std::sin(9 * x + 4 * y), 0.5 + 0.3 * std::cos(7 * y), 0.4};
}

struct Copy {
  SizePx size{64, 48};
  Color (*color)(double, double) = waves;
  std::vector<Property> properties = {};
};

std::string file_with(const Copy& copy, const std::vector<Property>& properties = {}) {
  TiledPicture picture{Codec::hevc, {64, 64}, 4, 3, kSize, waves, properties};
  picture.more = [&](HeifFile& file) {
    const RawPicture small{copy.size, 8, {true, 2, 2}, {1, 13, 6, true}, copy.color};
    std::vector<HeifFile::Use> uses;
    for (const auto& [type, body] : copy.properties) {
      uses.push_back({file.add_property(type, body), type != "colr"});
    }
    file.refer("thmb", file.add_coded(encode(small, Codec::hevc), uses), {1});
  };
  return tiled(picture);
}

ThumbnailRequest request_for(std::uint32_t side) {
  ThumbnailRequest request;
  request.renditions = {{.width_px = side, .height_px = side}};
  return request;
}

std::optional<planar::Decoded> copy_of(const std::string& file, std::uint32_t side,
                                       std::uint64_t most_bytes = 1u << 20) {
  const Container container = read_container(file).value();
  const auto picture = open_still(container, *container.find(container.primary), {});
  THUMBMILL_CHECK(picture.ok());
  return decode_embedded_thumbnail(container, *picture, request_for(side), most_bytes);
}

TEST(EmbeddedThumbnail, IsUsedWhereItIsLargeEnough) {
  const std::string file = file_with({});
  const auto copy = copy_of(file, 32);  // half of its size
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->size, kSize);
  EXPECT_EQ(copy->picture.planes[0].width, 64u);
  EXPECT_FALSE(copy_of(file, 33));
  // What the whole kernel gives is the copy.
  const auto decoded = decode_by_tiles(file, request_for(32));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->picture.planes[0].width, 64u);
  EXPECT_EQ(decoded->size, kSize);
  EXPECT_EQ(decode_by_tiles(file, request_for(33))->picture.planes[0].width, 86u);
  // The largest rendition decides.
  ThumbnailRequest two = request_for(32);
  two.renditions.push_back({.name = "large", .width_px = 100, .height_px = 100});
  EXPECT_NE(decode_by_tiles(file, two)->picture.planes[0].width, 64u);
}

TEST(EmbeddedThumbnail, TakesNoMoreMemoryThanWasAskedFor) {
  EXPECT_FALSE(copy_of(file_with({}), 24, 50'000));
}

TEST(EmbeddedThumbnail, IsReducedWhereItIsLarge) {
  const auto copy = copy_of(file_with({.size = {192, 144}}), 24);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->picture.planes[0].width, 48u);
  EXPECT_EQ(copy->size, kSize);
}

TEST(EmbeddedThumbnail, HasToLookLikeThePicture) {
  Color (*const others[])(double, double) = {
      [](double, double) {
        return Color{0.5, 0.5, 0.5};
      },
      [](double x, double y) { return waves(1 - x, y); },     // mirrored
      [](double x, double y) { return waves(x + 0.05, y); },  // moved
      [](double x, double y) {                                // lighter
        Color color = waves(x, y);
        for (double& value : color) value += 0.03;
        return color;
      },
      [](double x, double y) {  // with bars
        return y < 0.1 || y > 0.9 ? Color{0, 0, 0} : waves(x, (y - 0.1) / 0.8);
      }};
  for (const auto color : others) EXPECT_FALSE(copy_of(file_with({.color = color}), 24));
}

TEST(EmbeddedThumbnail, HasToHaveTheAspectOfThePicture) {
  EXPECT_TRUE(copy_of(file_with({.size = {67, 50}}), 24));
  EXPECT_FALSE(copy_of(file_with({.size = {64, 52}}), 24));
}

TEST(EmbeddedThumbnail, IsTurnedAsThePicture) {
  const Property turned{"irot", number(3, 1)}, other{"irot", number(1, 1)};
  const auto same = copy_of(file_with({.properties = {turned}}, {turned}), 24);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->picture.orientation, 6);
  EXPECT_EQ(same->size, (SizePx{192, 256}));
  // Says nothing: the picture's counts.
  const auto silent = copy_of(file_with({}, {turned}), 24);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->picture.orientation, 6);
  EXPECT_FALSE(copy_of(file_with({.properties = {other}}, {turned}), 24));
  EXPECT_FALSE(copy_of(file_with({.properties = {other}}), 24));
  EXPECT_FALSE(copy_of(file_with({.properties = {{"clap", clap(64, 40, 0, 0)}}}), 24));
  EXPECT_FALSE(copy_of(file_with({}, {{"clap", clap(256, 100, 0, 0)}}), 24));
}

TEST(EmbeddedThumbnail, HasTheColoursOfThePicture) {
  const Property srgb{"colr", nclx({1, 13, 6, true})}, p3{"colr", nclx({12, 13, 6, true})};
  EXPECT_TRUE(copy_of(file_with({.properties = {p3}}, {p3}), 24));
  EXPECT_FALSE(copy_of(file_with({.properties = {srgb}}, {p3}), 24));
  EXPECT_FALSE(copy_of(file_with({}, {p3}), 24));
}

TEST(EmbeddedThumbnail, DamageIsNoReasonToFail) {
  TiledPicture picture{Codec::hevc, {64, 64}, 4, 3, kSize, waves};
  picture.more = [](HeifFile& file) {
    file.refer("thmb", file.add_item("hvc1", "nothing that can be decoded"), {1});
    file.refer("thmb", 1000, {1});
    file.refer("thmb", 1, {1});
  };
  const auto decoded = decode_by_tiles(tiled(picture), request_for(24));
  ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
  EXPECT_EQ(decoded->picture.planes[0].width, 52u);
}

}  // namespace
}  // namespace thumbmill::heif
