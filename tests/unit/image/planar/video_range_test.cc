#include "image/planar/video_range.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace thumbmill::planar {
namespace {

std::vector<std::uint8_t> all_levels() {
  std::vector<std::uint8_t> levels(256);
  std::iota(levels.begin(), levels.end(), std::uint8_t{0});
  return levels;
}

TEST(VideoRange, EndsWhereItShould) {
  std::vector<std::uint8_t> luma{0, 255};
  to_video_range(luma, SampleKind::luma);
  EXPECT_EQ(luma, (std::vector<std::uint8_t>{16, 235}));
  std::vector<std::uint8_t> difference{0, 128, 255};
  to_video_range(difference, SampleKind::difference);
  EXPECT_EQ(difference, (std::vector<std::uint8_t>{16, 128, 240}));
  std::vector<std::uint8_t> outside{0, 16, 235, 255};
  to_full_range(outside, SampleKind::luma);
  EXPECT_EQ(outside, (std::vector<std::uint8_t>{0, 0, 255, 255}));
  std::vector<std::uint8_t> far{0, 128, 240, 255};
  to_full_range(far, SampleKind::difference);
  EXPECT_EQ(far, (std::vector<std::uint8_t>{0, 128, 255, 255}));
}

TEST(VideoRange, GoingThereIsExactToHalfALevel) {
  const std::vector<std::uint8_t> levels = all_levels();
  std::vector<std::uint8_t> luma = levels, difference = levels;
  to_video_range(luma, SampleKind::luma);
  to_video_range(difference, SampleKind::difference);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto level = static_cast<double>(i);
    EXPECT_NEAR(luma[i], 16 + level * 219 / 255, 0.5) << i;
    EXPECT_NEAR(difference[i], 128 + (level - 128) * 224 / 255, 0.5) << i;
  }
}

TEST(VideoRange, ThereAndBackStaysTheSame) {
  for (const SampleKind kind : {SampleKind::luma, SampleKind::difference}) {
    std::vector<std::uint8_t> video = all_levels();
    to_video_range(video, kind);
    std::vector<std::uint8_t> back = video;
    to_full_range(back, kind);
    to_video_range(back, kind);
    EXPECT_EQ(back, video);
  }
}

}  // namespace
}  // namespace thumbmill::planar
