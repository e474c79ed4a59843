#include "base/utf8.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

struct Utf8Case {
  std::string_view text;
  std::size_t length;
  std::uint32_t point;
};

TEST(Utf8, TakesTheShortestFormOfScalarValuesOnly) {  // RFC 3629, section 4
  for (const Utf8Case& good :
       {Utf8Case{"a", 1, 'a'}, Utf8Case{"\x7f", 1, 0x7f}, Utf8Case{"\xc2\x80", 2, 0x80},
        Utf8Case{"\xdf\xbf", 2, 0x7ff}, Utf8Case{"\xe0\xa0\x80", 3, 0x800},
        Utf8Case{"\xed\x9f\xbf", 3, 0xd7ff}, Utf8Case{"\xee\x80\x80", 3, 0xe000},
        Utf8Case{"\xef\xbf\xbf", 3, 0xffff}, Utf8Case{"\xf0\x90\x80\x80", 4, 0x10000},
        Utf8Case{"\xf4\x8f\xbf\xbf", 4, 0x10ffff}}) {
    std::uint32_t point = 0;
    EXPECT_EQ(decode_utf8(good.text, point), good.length);
    EXPECT_EQ(point, good.point);
    EXPECT_EQ(decode_utf8(std::string(good.text) + "tail", point), good.length);
  }
  for (const std::string_view bad :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82", "\xc2z"}) {
    std::uint32_t point = 0;
    EXPECT_EQ(decode_utf8(bad, point), 0u) << ::testing::PrintToString(bad);
  }
}

TEST(Utf8, ATerminalIsGivenNoCommands) {
  EXPECT_EQ(for_terminal("gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82.jpg"),
            "gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82.jpg");
  EXPECT_EQ(for_terminal("x\x1b[2J\x1b]0;pwned\x07\r\nline"), "x?[2J?]0;pwned???line");
  EXPECT_EQ(for_terminal("\xc2\x9b"
                         "2J\x7f"),
            "?2J?")
      << "C1 and DEL";
  EXPECT_EQ(for_terminal("\xff\xc3"), "??");
  EXPECT_EQ(for_terminal(""), "");
}

}  // namespace
}  // namespace thumbmill
