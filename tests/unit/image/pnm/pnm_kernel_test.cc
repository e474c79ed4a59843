#include "image/pnm/pnm_kernel.h"

#include <string>

#include <gtest/gtest.h>

#include "decoded_pixels.h"

namespace thumbmill::pnm {
namespace {

using namespace std::string_literals;

// Red, green, blue and alpha of each pixel; "|" between rows.
std::string draw(const std::string& file) {
  const DecodedPixels picture = decode_whole(decode_pnm, file);
  std::string text;
  for (std::size_t i = 0; i < picture.pixels.size(); ++i) {
    const Rgba& pixel = picture.pixels[i];
    const bool grey = pixel[0] == pixel[1] && pixel[1] == pixel[2];
    text += i == 0 ? "" : i % picture.size.width == 0 ? "|" : " ";
    text += std::to_string(pixel[0]);
    if (!grey) text += "," + std::to_string(pixel[1]) + "," + std::to_string(pixel[2]);
    if (pixel[3] != 255) text += "/" + std::to_string(pixel[3]);
  }
  return text;
}

TEST(Pnm, ReadsBitsInText) {
  EXPECT_EQ(draw("P1 3 2\n1 0 1\n0 1 0\n"), "0 255 0|255 0 255");
  EXPECT_EQ(draw("P1 3 2\n101010"), "0 255 0|255 0 255");
  EXPECT_EQ(draw("P1 3 2\n10 1#note 1\n0\t10"), "0 255 0|255 0 255");
}

TEST(Pnm, ReadsNumbersInText) {
  EXPECT_EQ(draw("P2\n2 2\n255\n0 1\n254 255\n"), "0 1|254 255");
  EXPECT_EQ(draw("P3\n2 1\n255\n1 2 3\n4 5 6"), "1,2,3 4,5,6");
}

TEST(Pnm, TakesAnyNumberOfComments) {
  EXPECT_EQ(draw("P3#a\n# b\n#\n 2 # width\n #c\n1#height\n#d 3\n255 # e\n#f\n1 2 3 #g\n4 5 6"),
            "1,2,3 4,5,6");
  EXPECT_EQ(draw("P5 #a\n#b\n2 1 #c\n255#d\nAB"), "65 66");
}

TEST(Pnm, SpreadsEveryLargestValue) {
  EXPECT_EQ(draw("P2 4 1 15 0 7 15 16"), "0 119 255 255");
  EXPECT_EQ(draw("P2 2 1 1 0 1"), "0 255");
  EXPECT_EQ(draw("P5 3 1 100\n"s + '\0' + '\x32' + '\x64'), "0 128 255");
  EXPECT_EQ(draw("P2 3 1 1023 0 512 1023"), "0 128 255");
  EXPECT_EQ(draw("P5 3 1 1023\n\0\0\2\0\3\xff"s), "0 128 255");
  EXPECT_EQ(draw("P6 1 1 65535\n\x80\x80\x10\x10\xff\xff"s), "128,16,255");
  EXPECT_EQ(draw("P6 1 1 256\n\1\0\0\x80\0\0"s), "255,128,0");
}

TEST(Pnm, ReadsPackedBitsInWholeBytes) {
  EXPECT_EQ(draw("P4 9 2\n\xaa\x80\x55\x00"s),
            "0 255 0 255 0 255 0 255 0|255 0 255 0 255 0 255 0 255");
}

TEST(Pnm, ReadsBytes) {
  EXPECT_EQ(draw("P6\n2 1\n255\nABCDEF"), "65,66,67 68,69,70");
  EXPECT_EQ(draw("P6\n1 1\n255\n\nBC"), "10,66,67");  // one white space ends the header
}

TEST(Pnm, ReadsPam) {
  EXPECT_EQ(draw("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
                 "\x64\x32\x0a\xff\x64\x32\x0a\0"s),
            "100,50,10 0/0");
  EXPECT_EQ(draw("P7\n#x\nHEIGHT 1\nWIDTH 2\nMAXVAL 255\nDEPTH 2\nENDHDR\n\x64\xff\xff\x80"s),
            "100 255/128");
  EXPECT_EQ(draw("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nTUPLTYPE BLACKANDWHITE\nENDHDR\n\0\1"s),
            "0 255");  // unlike in a PBM, 1 is white
  EXPECT_EQ(draw("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nABCDE"),
            "65,66,67");
  EXPECT_EQ(draw("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 511\nTUPLTYPE GRAYSCALE\nENDHDR\n\1\xff"s),
            "255");
  const std::string cmyk =
      "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\nABCD";
  EXPECT_EQ(decode_code(decode_pnm, cmyk), Code::unsupported);
}

TEST(Pnm, ShowsTheRowsThatAreThere) {
  EXPECT_EQ(draw("P5 2 3 255\nABCDE"), "65 66|67 68|0/0 0/0");
  EXPECT_EQ(draw("P2 2 3 255 65 66 67 68 69"), "65 66|67 68|0/0 0/0");
  EXPECT_EQ(draw("P2 2 3 255 65 66 67 x"), "65 66|0/0 0/0|0/0 0/0");
  EXPECT_EQ(draw("P1 2 2 01 1"), "255 0|0/0 0/0");
  EXPECT_EQ(decode_code(decode_pnm, "P5 2 3 255\nA"), Code::corrupt_input);
  EXPECT_EQ(draw("P5 2 1 255\nABP5 2 1 255\nCD"), "65 66");
}

TEST(Pnm, RefusesWhatIsNoHeader) {
  for (const char* file :
       {"",
        "P",
        "P5",
        "P0 1 1 1 A",
        "P8 1 1 1 A",
        "P5 0 1 255\nA",
        "P5 1 0 255\nA",
        "P5 1 1 0\nA",
        "P5 1 1 65536\nAA",
        "P5 1 1",
        "P5 x",
        "P5 -1 1 255\nA",
        "P5 1 1 255",
        "P5 1#",
        "P7 332\n",
        "P7\nENDHDR\n",
        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\n",
        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 99999999\nMAXVAL 255\nENDHDR\nA",
        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 0\nMAXVAL 255\nENDHDR\nA",
        "P7\nWIDTH x\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\nA",
        "P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nABC"}) {
    EXPECT_EQ(decode_code(decode_pnm, file), Code::corrupt_input) << file;
  }
  EXPECT_EQ(decode_code(decode_pnm, "P5 99999999999999999999 1 255\nA"), Code::too_large);
}

TEST(Pnm, LimitsAndMemoryComeBeforePixels) {
  expect_limits_before_pixels(decode_pnm, "P5 2 3 255\nABCDEF");
}

TEST(Pnm, SurvivesDamage) {
  for (const std::string& file :
       {"P1 #x\n3 2\n101010"s, "P2 3 2 15\n1 2 3 4 5 6"s, "P4 9 2\n\xaa\x80\x55\x00"s,
        "P6 #y\n2 2 255\nABCDEFGHIJKL"s, "P5 2 2 1000\nABCDEFGH"s,
        "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\nABCD"s}) {
    decode_every_prefix(decode_pnm, file);
    decode_damaged(decode_pnm, file, 500);
  }
}

}  // namespace
}  // namespace thumbmill::pnm
