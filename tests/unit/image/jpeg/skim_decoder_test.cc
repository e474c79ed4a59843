// The quick decoder against libjpeg, on made JPEGs of every kind that it takes.
#include "image/jpeg/skim_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <ostream>

#include <gtest/gtest.h>

#include "image/jpeg/made_jpeg.h"
#include "image/jpeg/scan_decoder.h"
#include "image/jpeg/turbo_decoder.h"

namespace thumbmill::jpeg {
namespace {

Result<Picture> skim_file(const std::string& file, std::uint32_t side) {
  MarkerReader markers(file);
  ASSIGN_OR_RETURN(const auto scan, markers.next_scan(0));
  if (!scan) return Status(Code::corrupt_input, "no scan");
  return skim(markers, file, *scan, {side, side, side}, {});
}

std::string describe(const JpegOptions& o) {
  std::string text = std::to_string(o.width) + "x" + std::to_string(o.height);
  for (const auto& [h, v] : o.factors) text += " " + std::to_string(h) + "x" + std::to_string(v);
  return text + (o.progressive ? " progressive" : "") + (o.interleaved ? "" : " apart") +
         " restart " + std::to_string(o.restart_interval) + " quality " +
         std::to_string(o.quality) + " components " + std::to_string(o.components);
}

void expect_same_luma(const std::string& file, std::size_t component = 0) {
  const ReferencePlane expected = libjpeg_plane(file, 1, component);
  const auto picture = skim_file(file, 1);
  ASSERT_TRUE(picture.ok()) << picture.status().to_string();
  const Plane& luma = picture->planes[component];
  ASSERT_EQ(luma.width, expected.width);
  ASSERT_EQ(luma.height, expected.height);
  for (std::size_t y = 0; y < luma.height; ++y) {
    ASSERT_TRUE(std::equal(luma.row(y), luma.row(y) + luma.width,
                           expected.samples.begin() + static_cast<std::ptrdiff_t>(y * luma.width)))
        << "row " << y;
  }
}

using Factors = std::array<std::pair<int, int>, 3>;
const std::vector<Factors> kFactors{
    {{{1, 1}, {1, 1}, {1, 1}}}, {{{2, 1}, {1, 1}, {1, 1}}}, {{{1, 2}, {1, 1}, {1, 1}}},
    {{{2, 2}, {1, 1}, {1, 1}}}, {{{4, 1}, {1, 1}, {1, 1}}}, {{{1, 4}, {1, 1}, {1, 1}}},
    {{{4, 2}, {1, 1}, {1, 1}}}, {{{2, 4}, {1, 1}, {1, 1}}}, {{{4, 2}, {2, 1}, {2, 1}}},
    {{{4, 4}, {1, 1}, {1, 1}}}, {{{2, 2}, {2, 1}, {2, 1}}}, {{{2, 2}, {1, 2}, {1, 2}}},
    {{{3, 1}, {1, 1}, {1, 1}}}, {{{3, 2}, {3, 1}, {1, 2}}}, {{{1, 1}, {2, 2}, {2, 2}}},
    {{{2, 1}, {1, 2}, {1, 1}}}};

// Prime steps through sizes and options, so that all values meet; THUMBMILL_ALL_SIZES=1 takes every
// size from 1 to 67.
std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes(std::uint32_t seed) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> made;
  const bool all = std::getenv("THUMBMILL_ALL_SIZES") != nullptr;
  for (std::uint32_t i = 0; i < (all ? 67 * 67 : 24); ++i) {
    const std::uint32_t at = all ? i : i * 1009 + seed * 53;
    made.emplace_back(at % 67 + 1, at / 67 % 67 + 1);
  }
  return made;
}

TEST(SkimDecoder, LumaIsThatOfLibjpeg) {
  std::uint32_t seed = 0;
  for (const Factors& factors : kFactors) {
    for (const bool progressive : {false, true}) {
      for (const auto& [width, height] : sizes(++seed)) {
        JpegOptions options{.width = width, .height = height, .factors = factors};
        options.progressive = progressive;
        options.seed = seed;
        options.restart_interval = static_cast<int>(width % 4 == 0 ? width % 3 + 1 : 0);
        options.interleaved = height % 3 != 0;
        options.optimized = height % 2 == 0;
        options.quality = static_cast<int>(20 + (width * 7 + height) % 80);
        SCOPED_TRACE(describe(options));
        // libjpeg decodes a component of less resolution than another at a larger scale.
        const std::size_t component = factors[0].first < factors[1].first ? 1 : 0;
        ASSERT_NO_FATAL_FAILURE(expect_same_luma(make_jpeg(options), component));
      }
    }
  }
}

TEST(SkimDecoder, GreyAndRgb) {
  for (const bool progressive : {false, true}) {
    for (const int restart : {0, 2}) {
      JpegOptions options{.width = 61, .height = 35, .components = 1};
      options.progressive = progressive;
      options.restart_interval = restart;
      options.factors[0] = {2, 2};  // of a single component they mean nothing
      ASSERT_NO_FATAL_FAILURE(expect_same_luma(make_jpeg(options)));
      EXPECT_EQ(skim_file(make_jpeg(options), 1)->model, ColorModel::grey);
      options.components = 3;
      options.rgb = true;
      options.factors = {{{1, 1}, {1, 1}, {1, 1}}};
      ASSERT_NO_FATAL_FAILURE(expect_same_luma(make_jpeg(options)));
      EXPECT_EQ(skim_file(make_jpeg(options), 1)->model, ColorModel::rgb);
    }
  }
}

// Windows of the entropy-coded data come and go.
TEST(SkimDecoder, LargePictures) {
  for (const int restart : {0, 7, 200}) {
    for (const bool progressive : {false, true}) {
      JpegOptions options{.width = 1203, .height = 907, .quality = 97};
      options.restart_interval = restart;
      options.progressive = progressive;
      SCOPED_TRACE(describe(options));
      const std::string file = make_jpeg(options);
      ASSERT_GT(file.size(), 300'000u);
      ASSERT_NO_FATAL_FAILURE(expect_same_luma(file));
    }
  }
}

// The inverse DCT of size `n` of the lowest frequencies, as its definition has it.
double reduced(const std::int32_t* block, int n, int x, int y) {
  double sum = 0;
  for (int v = 0; v < n; ++v) {
    for (int u = 0; u < n; ++u) {
      const double cu = u == 0 ? std::numbers::sqrt2 / 2 : 1;
      const double cv = v == 0 ? std::numbers::sqrt2 / 2 : 1;
      sum += cu * cv * block[v * 8 + u] * std::cos((2 * x + 1) * u * std::numbers::pi / (2 * n)) *
             std::cos((2 * y + 1) * v * std::numbers::pi / (2 * n));
    }
  }
  return sum / 4 + 128;
}

TEST(SkimDecoder, QuarterAndHalfAreTheTruncatedTransform) {
  for (const Factors& factors : {kFactors[0], kFactors[3]}) {
    for (const int quality : {35, 75, 99, -35, -75, -99}) {  // negative: progressive
      JpegOptions options{
          .width = 83, .height = 59, .factors = factors, .quality = std::abs(quality)};
      options.progressive = quality < 0;
      options.restart_interval = std::abs(quality) == 75 ? 3 : 0;
      const std::string file = make_jpeg(options);
      for (const int n : {2, 4}) {
        const auto picture = skim_file(file, static_cast<std::uint32_t>(n));
        ASSERT_TRUE(picture.ok()) << picture.status().to_string();
        for (int component = 0; component < 3; ++component) {
          const ReferenceCoefficients expected = libjpeg_coefficients(file, component);
          const Plane& plane = picture->planes[static_cast<std::size_t>(component)];
          for (std::size_t y = 0; y < plane.height; ++y) {
            for (std::size_t x = 0; x < plane.width; ++x) {
              const auto side = static_cast<std::size_t>(n);
              const std::size_t block = y / side * expected.blocks_per_row + x / side;
              const double value =
                  std::clamp(reduced(expected.values.data() + block * 64, n,
                                     static_cast<int>(x % side), static_cast<int>(y % side)),
                             0.0, 255.0);
              ASSERT_NEAR(plane.row(y)[x], value, 1.01) << component << ": " << x << ", " << y;
            }
          }
        }
      }
    }
  }
}

TEST(SkimDecoder, TheSameBitsWithoutQuickShifts) {
  const std::string file = make_jpeg({.width = 640, .height = 480, .quality = 92});
  for (const std::uint32_t side : {1u, 2u, 4u}) {
    use_portable_code(true);
    const auto portable = skim_file(file, side);
    use_portable_code(false);
    const auto quick = skim_file(file, side);
    ASSERT_TRUE(portable.ok() && quick.ok());
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(portable->planes[i].samples, quick->planes[i].samples);
    }
  }
}

TEST(SkimDecoder, DeclinesWhatItDoesNotDecode) {
  JpegOptions options;
  options.arithmetic = true;
  EXPECT_EQ(skim_file(make_jpeg(options), 1).status().code(), Code::unsupported);
  options.arithmetic = false;
  for (const auto& [marker, precision] : {std::pair{'\xc1', 12}, {'\xc3', 8}, {'\xc5', 8}}) {
    std::string file = make_jpeg(options);
    const std::size_t frame = file.find("\xff\xc0");
    ASSERT_NE(frame, std::string::npos);
    file[frame + 1] = marker;
    file[frame + 4] = static_cast<char>(precision);
    EXPECT_EQ(skim_file(file, 1).status().code(), Code::unsupported);
  }
}

// One policy: what there is, the rest grey, bit for bit as in libjpeg.
TEST(SkimDecoder, TruncatedFilesEndInGreyAsInLibjpeg) {
  for (const int restart : {0, 3}) {
    for (const bool rgb : {false, true}) {
      JpegOptions options{.width = 75, .height = 53, .quality = 60};
      options.restart_interval = restart;
      options.rgb = rgb;
      if (rgb) options.factors = {{{1, 1}, {1, 1}, {1, 1}}};
      const std::string whole = make_jpeg(options);
      const std::size_t data = whole.find("\xff\xda") + 14;
      int compared = 0;
      for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::string file = whole.substr(0, size);
        const auto picture = skim_file(file, 1);
        if (size < data) {
          EXPECT_FALSE(picture.ok());
          continue;
        }
        if (!picture.ok()) continue;  // libjpeg-turbo has the word
        SCOPED_TRACE(std::to_string(size) + " of " + std::to_string(whole.size()));
        ASSERT_NO_FATAL_FAILURE(expect_same_luma(file));
        ++compared;
      }
      EXPECT_GT(compared, static_cast<int>(whole.size() - data) * 9 / 10);
    }
  }
}

// Whatever libjpeg-turbo has rules of its own for.
TEST(SkimDecoder, HandsDamagedFilesOver) {
  const auto code_at = [](const std::string& file, std::uint32_t side) {
    return skim_file(file, side).status().code();
  };
  JpegOptions options{.width = 75, .height = 53, .quality = 60};
  options.restart_interval = 4;
  const std::string whole = make_jpeg(options);
  const std::size_t restart = whole.find("\xff\xd1");
  ASSERT_NE(restart, std::string::npos);
  for (const std::uint32_t side : {1u, 2u, 4u}) {
    const auto with = [&](std::size_t at, std::size_t count, const std::string& bytes) {
      return std::string(whole).replace(at, count, bytes);
    };
    EXPECT_EQ(code_at(with(restart, 0, "\xff\x9f"), side), Code::unsupported);
    EXPECT_EQ(code_at(with(restart - 3, 2, "\xff\xe5"), side), Code::unsupported);
    EXPECT_EQ(code_at(with(restart, 2, ""), side), Code::unsupported);
    EXPECT_EQ(code_at(with(restart, 2, "\xff\xd4"), side), Code::unsupported);
    EXPECT_EQ(code_at(with(restart, 0, "\xff\xd1"), side), Code::unsupported);
    // Fill bytes belong in front of a marker (T.81 B.1.1.2), and of nothing else.
    EXPECT_EQ(code_at(with(restart, 0, "\xff\xff"), side), Code::ok);
    EXPECT_EQ(code_at(with(restart - 3, 0, std::string("\xff\xff\0", 3)), side), Code::unsupported);
  }
  // Scans are missing: libjpeg-turbo smooths what there is. Without the last bits it does not.
  options.progressive = true;
  const std::string progressive = make_jpeg(options);
  EXPECT_EQ(code_at(progressive.substr(0, progressive.size() / 2), 1), Code::unsupported);
  EXPECT_EQ(code_at(progressive.substr(0, progressive.size() - 50), 1), Code::ok);
  // A component's last scan counts where each has its own.
  options.progressive = false;
  options.interleaved = false;
  std::string twice = make_jpeg(options);
  const std::size_t second = twice.find("\xff\xda", twice.find("\xff\xda") + 2);
  ASSERT_NE(second, std::string::npos);
  twice.insert(twice.size() - 2, twice.substr(second, twice.size() - 2 - second));
  EXPECT_EQ(code_at(twice, 1), Code::unsupported);
}

TEST(SkimDecoder, DamagedFilesEndInAPictureOrAFailure) {
  for (const bool progressive : {false, true}) {
    JpegOptions options{.width = 75, .height = 53, .quality = 60};
    options.progressive = progressive;
    options.restart_interval = 4;
    const std::string whole = make_jpeg(options);
    std::uint32_t random = 12345;
    for (int i = 0; i < 4000; ++i) {
      std::string file = whole;
      for (int changes = 0; changes < 3; ++changes) {
        random = random * 1664525u + 1013904223u;
        file[(random >> 8) % file.size()] = static_cast<char>(random >> 24);
      }
      for (const std::uint32_t side : {1u, 2u, 4u}) (void)skim_file(file, side);
    }
  }
}

TEST(SkimDecoder, AHugeClaimWithoutDataCostsLittle) {
  std::string file = make_jpeg({.width = 16, .height = 16});
  const std::size_t frame = file.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::size_t at : {5, 7}) {
    file[frame + at] = '\x27';  // 10,000
    file[frame + at + 1] = '\x10';
  }
  const auto picture = skim_file(file, 1);
  ASSERT_TRUE(picture.ok());
  EXPECT_EQ(picture->planes[0].width, 1250u);
  EXPECT_EQ(picture->planes[0].row(1249)[1249], 128);
}

}  // namespace
}  // namespace thumbmill::jpeg
