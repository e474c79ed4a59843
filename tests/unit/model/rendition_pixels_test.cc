#include "model/rendition_pixels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint64_t kMost = 4096 * 4096;

RenditionSpec box(std::uint32_t width_px, std::uint32_t height_px, Fit fit = Fit::inside,
                  bool enlarge = false) {
  return {
      .name = "big", .width_px = width_px, .height_px = height_px, .fit = fit, .enlarge = enlarge};
}

TEST(Boxes, CountOnlyWhereTheyAreFilledWhateverTheImage) {
  EXPECT_TRUE(check_boxes({box(8192, 8192)}, kMost).ok()) << "no larger than the image";
  EXPECT_TRUE(check_boxes({box(8192, 8192, Fit::fill)}, kMost).ok());
  EXPECT_TRUE(check_boxes({box(8192, 8192, Fit::cover)}, kMost).ok());
  for (const Fit fit : {Fit::inside, Fit::cover, Fit::contain, Fit::fill}) {
    EXPECT_TRUE(check_boxes({box(4096, 4096, fit, true)}, kMost).ok()) << fit_name(fit);
    EXPECT_FALSE(check_boxes({box(4096, 4097, fit, true)}, kMost).ok()) << fit_name(fit);
  }
  EXPECT_FALSE(check_boxes({box(4096, 4097, Fit::contain)}, kMost).ok()) << "padded to its box";
  EXPECT_TRUE(check_boxes({box(8192, 0, Fit::contain, true)}, kMost).ok()) << "up to the image";
}

TEST(Boxes, NameTheRenditionAndTheLimit) {
  const Status status = check_boxes({RenditionSpec(), box(8192, 8192, Fit::fill, true)}, kMost);
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_THAT(status.message(), HasSubstr("\"big\""));
  EXPECT_THAT(status.message(), HasSubstr("67108864 pixels"));
  EXPECT_THAT(status.message(), HasSubstr("max-rendition-pixels is 16777216"));
}

TEST(Boxes, HaveABoundTogether) {
  const RenditionSpec half = box(100, 100, Fit::contain);
  EXPECT_TRUE(check_boxes({half, half}, 10'000).ok());
  const Status status = check_boxes({half, half, box(1, 1, Fit::contain)}, 10'000);
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_THAT(status.message(), HasSubstr("20001 pixels together"));
  EXPECT_THAT(status.message(), HasSubstr("20000"));
}

TEST(Plans, CountWhatIsMadeOfTheImage) {
  EXPECT_TRUE(check_plans({100, 100}, {box(8192, 8192)}, kMost).ok());
  const Status status = check_plans({8192, 8192}, {box(8192, 8192)}, kMost);
  EXPECT_EQ(status.code(), Code::too_large);
  EXPECT_THAT(status.message(), HasSubstr("\"big\" of 8192 x 8192"));
  EXPECT_EQ(check_plans({10, 20}, {box(4096, 0, Fit::inside, true)}, kMost).code(), Code::too_large)
      << "the height follows: 8192";
  EXPECT_TRUE(check_plans({20, 20}, {box(4096, 0, Fit::inside, true)}, kMost).ok());
  EXPECT_EQ(check_plans({100, 100}, {box(90, 90), box(90, 90), box(90, 90)}, 10'000).code(),
            Code::too_large)
      << "together";
}

TEST(WritingAllowance, FollowsTheBoxesUpToTheLimit) {
  EXPECT_EQ(writing_allowance({RenditionSpec()}, kMost), 0s);
  EXPECT_EQ(writing_allowance({box(2000, 2000)}, kMost), 1s);
  EXPECT_EQ(writing_allowance({box(2000, 2000), box(2000, 2000)}, kMost), 2s);
  EXPECT_EQ(writing_allowance({box(0, 1000)}, kMost), 2s);
  EXPECT_EQ(writing_allowance({box(8192, 8192)}, kMost), 5s) << "no more is made of it";
  EXPECT_EQ(writing_allowance(std::vector<RenditionSpec>(8, box(8192, 8192)), kMost), 10s);
  EXPECT_EQ(longest_writing_allowance(kMost), 10s);
}

}  // namespace
}  // namespace thumbmill
