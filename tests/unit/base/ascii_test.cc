// ASCII text of protocols.
#include "base/ascii.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(AsciiTest, LowersOnlyAsciiLetters) {
  EXPECT_EQ(to_lower("Content-TYPE [@`{"), "content-type [@`{");
  EXPECT_EQ(to_lower("\xC3\x84"), "\xC3\x84");
}

TEST(AsciiTest, TrimsSpacesAndTabsAtBothEnds) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\t \t"), "");
  EXPECT_EQ(trim("\na"), "\na");
}

TEST(AsciiTest, KnowsWhatIsPrintable) {
  EXPECT_TRUE(is_printable_ascii(" a~"));
  EXPECT_TRUE(is_printable_ascii(""));
  EXPECT_FALSE(is_printable_ascii("\t"));
  EXPECT_FALSE(is_printable_ascii("\x7f"));
  EXPECT_FALSE(is_printable_ascii("\xC3\xA4"));
}

}  // namespace
}  // namespace thumbmill
