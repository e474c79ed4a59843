#include "model/format_set.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(FormatSet, HoldsEveryFormatThatIsDecodedUnlessToldOtherwise) {
  const FormatSet all;
  for (int i = 0; i <= static_cast<int>(kLastImageFormat); ++i) {
    const auto format = static_cast<ImageFormat>(i);
    EXPECT_EQ(all.contains(format), image_format_info(format).can_decode);
  }
  EXPECT_EQ(FormatSet::parse(all.to_string()), all);
}

TEST(FormatSet, IsReadFromNames) {
  const auto some = FormatSet::parse("png, jpg ,tiff");
  ASSERT_TRUE(some.has_value());
  EXPECT_EQ(some->to_string(), "jpeg, png, tiff");
  EXPECT_FALSE(some->contains(ImageFormat::gif));
  for (const char* names : {"", "png,", "svg", "png; jpeg", "picture"}) {
    EXPECT_FALSE(FormatSet::parse(names).has_value()) << names;
  }
}

TEST(FormatSet, SaysWhyAFormatIsNotTaken) {
  const FormatSet some = *FormatSet::parse("jpeg,png");
  EXPECT_TRUE(some.check(ImageFormat::png).ok());
  EXPECT_EQ(some.check(ImageFormat::gif).code(), Code::unsupported);
  EXPECT_EQ(some.check(ImageFormat::gif).message(),
            "gif images are switched off here; formats: jpeg, png");
  EXPECT_EQ(some.check(ImageFormat::svg).message(), "svg images are not supported");
}

}  // namespace
}  // namespace thumbmill
