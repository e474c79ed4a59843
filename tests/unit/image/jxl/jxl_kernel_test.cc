#include "image/jxl/jxl_kernel.h"

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "address_limit.h"
#include "corpus_files.h"
#include "image/planar/color_space.h"
#include "image/planar/hdr_to_srgb.h"
#include "image/planar/planar_thumbnailer.h"
#include "jxl/made_jxl.h"
#include "pictures.h"

namespace thumbmill {
namespace {

using planar::ColorModel;

class Jxl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("jxl_kernel_test"), 0); }

  ThumbnailRequest request(const std::string& file, std::uint32_t side) {
    ThumbnailRequest request;
    request.format = ImageFormat::jxl;
    request.source = Blob(file);
    request.renditions = {
        {.name = "thumb", .width_px = side, .height_px = side, .format = ImageFormat::png}};
    request.limits = limits_;
    request.admit = [this](std::uint64_t) {
      ++admissions_;
      return admission_;
    };
    return request;
  }

  Result<Thumbnails> make(const std::string& file, std::uint32_t side = 64) {
    return thumbnailer_.make(request(file, side), {});
  }

  // The rendition, or a failure of the test.
  Picture picture(const std::string& file, std::uint32_t side = 64) {
    const auto made = make(file, side);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return made.ok() ? decode_picture(made->renditions[0].bytes.to_string().value()) : Picture();
  }

  Code code(const std::string& file) { return make(file).status().code(); }

  Result<planar::Decoded> decode(const std::string& file, std::uint32_t side = 64) {
    return jxl::decode_jxl(file, request(file, side));
  }

  planar::PlanarThumbnailer thumbnailer_{{{ImageFormat::jxl, jxl::decode_jxl}},
                                         planar::own_encoders()};
  ImageLimits limits_;
  int admissions_ = 0;
  Status admission_;
};

// Red | green over blue | yellow, as pictures.h has them, 0 to 1.
double quarter(std::size_t channel, double x, double y) {
  const std::array<int, 4>& color =
      y >= 0.5 ? (x >= 0.5 ? kYellow : kBlue) : (x >= 0.5 ? kGreen : kRed);
  return color[channel] / 255.0;
}

MadeJxl four_quarters(std::uint32_t width = 64, std::uint32_t height = 48) {
  MadeJxl made;
  made.width = width;
  made.height = height;
  made.sample = [=](std::size_t c, std::uint32_t x, std::uint32_t y) {
    return quarter(c, (x + 0.5) / width, (y + 0.5) / height);
  };
  return made;
}

void expect_quarters(const Picture& picture, int tolerance, const std::string& what) {
  const std::uint32_t x = picture.size.width / 4, y = picture.size.height / 4;
  EXPECT_LE(color_distance(picture.at(x, y), kRed), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(3 * x, y), kGreen), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(x, 3 * y), kBlue), tolerance) << what;
  EXPECT_LE(color_distance(picture.at(3 * x, 3 * y), kYellow), tolerance) << what;
}

TEST_F(Jxl, ReadsEveryKindOfFileAtEverySize) {
  for (const bool lossless : {false, true}) {
    for (const int kind : {0, 1, 2, 3}) {
      MadeJxl made = four_quarters(700, 520);
      made.lossless = lossless;
      made.container = kind == 1;
      made.progressive = kind == 2;
      made.center_first = kind == 3;
      const std::string file = encode(made);
      for (const std::uint32_t side : {700u, 350u, 100u, 43u, 20u}) {
        expect_quarters(picture(file, side), lossless ? 2 : 5,
                        std::to_string(kind) + " at " + std::to_string(side));
      }
    }
  }
}

TEST_F(Jxl, OrientationIsTheCodestreams) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const bool sideways = orientation >= 5;
    MadeJxl made = four_quarters(sideways ? 160 : 240, sideways ? 240 : 160);
    made.orientation = orientation;
    // From the stored place to the upright one, EXIF 2.3 tag 274.
    made.sample = [=, w = made.width, h = made.height](std::size_t c, std::uint32_t px,
                                                       std::uint32_t py) {
      const double x = (px + 0.5) / w, y = (py + 0.5) / h;
      switch (orientation) {
        case 2:
          return quarter(c, 1 - x, y);
        case 3:
          return quarter(c, 1 - x, 1 - y);
        case 4:
          return quarter(c, x, 1 - y);
        case 5:
          return quarter(c, y, x);
        case 6:
          return quarter(c, 1 - y, x);
        case 7:
          return quarter(c, 1 - y, 1 - x);
        case 8:
          return quarter(c, y, 1 - x);
        default:
          return quarter(c, x, y);
      }
    };
    const std::string file = encode(made);
    EXPECT_EQ(decode(file)->picture.orientation, orientation);
    EXPECT_EQ(decode(file)->size, (SizePx{240, 160}));
    const Picture small = picture(file, 60);
    EXPECT_EQ(small.size, (SizePx{60, 40}));
    expect_quarters(small, 2, std::to_string(orientation));
  }
}

TEST_F(Jxl, KeepsAlpha) {
  for (const bool premultiplied : {false, true}) {
    for (const bool lossless : {false, true}) {
      if (premultiplied && !lossless) continue;
      MadeJxl made = four_quarters(256, 192);
      made.has_alpha = true;
      made.premultiplied = premultiplied;
      made.lossless = lossless;
      made.sample = [=](std::size_t c, std::uint32_t x, std::uint32_t y) {
        const double alpha = x < 128 ? 1 : 0.4;
        if (c == 3) return alpha;
        return quarter(c, x / 256.0, y / 192.0) * (premultiplied ? alpha : 1);
      };
      const std::string file = encode(made);
      for (const std::uint32_t side : {256u, 64u, 16u}) {
        const Picture small = picture(file, side);
        const std::uint32_t x = small.size.width / 4, y = small.size.height / 4;
        std::array<int, 4> green = kGreen;
        green[3] = 102;
        EXPECT_LE(color_distance(small.at(x, y), kRed), 6) << premultiplied << lossless << side;
        EXPECT_LE(color_distance(small.at(3 * x, y), green), 8) << premultiplied << lossless;
      }
    }
  }
}

TEST_F(Jxl, ReadsGreyOfEveryDepth) {
  for (const std::uint32_t bits : {8u, 16u, 32u}) {
    for (const bool has_alpha : {false, true}) {
      MadeJxl made = four_quarters();
      made.colors = 1;
      made.bits = bits;
      made.has_alpha = has_alpha;
      made.sample = [](std::size_t c, std::uint32_t, std::uint32_t) { return c == 0 ? 0.6 : 1.0; };
      const std::string file = encode(made);
      EXPECT_EQ(decode(file)->picture.model, ColorModel::grey);
      EXPECT_EQ(decode(file)->profile, "");
      EXPECT_LE(color_distance(picture(file).at(9, 9), {153, 153, 153, 255}), 1);
    }
  }
}

TEST_F(Jxl, ReadsDeepSamples) {
  for (const std::uint32_t bits : {16u, 32u}) {
    for (const bool lossless : {false, true}) {
      MadeJxl made = four_quarters();
      made.bits = bits;
      made.lossless = lossless;
      expect_quarters(picture(encode(made)), lossless ? 1 : 6, std::to_string(bits));
    }
  }
}

JxlColorEncoding colors(JxlPrimaries primaries, JxlTransferFunction transfer) {
  JxlColorEncoding encoding;
  JxlColorEncodingSetToSRGB(&encoding, JXL_FALSE);
  encoding.primaries = primaries;
  encoding.transfer_function = transfer;
  return encoding;
}

TEST_F(Jxl, LinearLightIsConvertedBeforeItIsRounded) {
  for (const bool lossless : {false, true}) {
    MadeJxl made = four_quarters();
    made.bits = 32;
    made.lossless = lossless;
    made.encoding = colors(JXL_PRIMARIES_SRGB, JXL_TRANSFER_FUNCTION_LINEAR);
    made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t y) {
      return std::pow((quarter(c, x / 64.0, y / 48.0) + 0.055) / 1.055, 2.4);
    };
    EXPECT_EQ(decode(encode(made))->profile, "");
    expect_quarters(picture(encode(made)), lossless ? 1 : 6, "linear");
  }
}

TEST_F(Jxl, WideColoursComeWithAProfile) {
  MadeJxl made = four_quarters();
  made.encoding = colors(JXL_PRIMARIES_P3, JXL_TRANSFER_FUNCTION_SRGB);
  made.sample = [](std::size_t c, std::uint32_t, std::uint32_t) { return c == 0 ? 0.8 : 0.4; };
  const std::string file = encode(made);
  EXPECT_EQ(decode(file)->profile, planar::profile_of(planar::primaries_of(12), std::nullopt));
  // Display P3 (0.8, 0.4, 0.4) is sRGB (0.866, 0.376, 0.392).
  EXPECT_LE(color_distance(picture(file).at(9, 9), {221, 96, 100, 255}), 2);
}

TEST_F(Jxl, HdrIsToneMapped) {
  for (const JxlTransferFunction transfer : {JXL_TRANSFER_FUNCTION_PQ, JXL_TRANSFER_FUNCTION_HLG}) {
    for (const double level : {0.3, 0.58, 0.75}) {
      MadeJxl made = four_quarters();
      made.bits = 16;
      made.encoding = colors(JXL_PRIMARIES_2100, transfer);
      made.sample = [=](std::size_t, std::uint32_t, std::uint32_t) { return level; };
      std::array<float, 3> expected;
      expected.fill(static_cast<float>(level));
      planar::HdrToSrgb({.primaries = 9, .transfer = static_cast<std::uint8_t>(transfer)})
          .convert(expected.data(), 1);
      EXPECT_EQ(decode(encode(made))->profile, "");
      EXPECT_NEAR(picture(encode(made)).at(9, 9)[0], expected[0] * 255, 1.5) << level;
    }
  }
}

TEST_F(Jxl, OfAnAnimationTheFirstFrame) {
  MadeJxl made = four_quarters(300, 200);
  made.frames = 3;
  expect_quarters(picture(encode(made), 60), 2, "animation");
}

TEST_F(Jxl, RefusesCmyk) {
  MadeJxl made = four_quarters();
  made.has_black = true;
  EXPECT_EQ(code(encode(made)), Code::unsupported);
}

TEST_F(Jxl, RealFilesLookAsLibvipsShowsThem) {
  const auto rows = corpus_files({".jxl"});
  if (rows.empty()) GTEST_SKIP() << "no images at " << corpus_folder() << "; set THUMBMILL_CORPUS";
  for (const CorpusFile& row : rows) {
    SCOPED_TRACE(row.name);
    ThumbnailRequest on_white = request(row.bytes, 256);
    on_white.renditions[0].background = Color{255, 255, 255};
    const Result<Thumbnails> made = thumbnailer_.make(on_white, {});
    expect_end(row, made.status());
    // libvips 8.14 takes premultiplied colours as they are; see KeepsAlpha.
    const bool comparable = row.name.find("premultiplied") == std::string::npos;
    if (comparable && row.expect.starts_with("thumb-or-unsupported") && made.ok()) {
      EXPECT_LT(mean_difference(decode_picture(made->renditions[0].bytes.to_string().value()),
                                thumbnail_by_libvips(row.bytes, 256)),
                2);
    }
  }
}

TEST_F(Jxl, LimitsAndMemoryComeBeforePixels) {
  const std::string file = encode(four_quarters());
  limits_.max_pixels = 64 * 48 - 1;
  EXPECT_EQ(make(file).status().message(),
            "the image has 3072 pixels (64 x 48); max-pixels is 3071");
  limits_ = {};
  limits_.max_side_px = 63;
  EXPECT_EQ(code(file), Code::too_large);
  limits_ = {};
  EXPECT_EQ(admissions_, 0);
  admission_ = Status(Code::exhausted, "no memory now");
  EXPECT_EQ(code(file), Code::exhausted);
  EXPECT_EQ(admissions_, 1);
}

// Of every kind that takes memory in another way.
std::vector<std::string> large_files() {
  std::vector<std::string> files;
  for (const int kind : {0, 1, 2, 3}) {
    MadeJxl made = four_quarters(1400, 1000);
    made.lossless = kind != 0;
    made.has_alpha = kind == 2;
    made.bits = kind == 3 ? 16 : 8;
    made.center_first = kind == 0;
    made.sample = [](std::size_t c, std::uint32_t x, std::uint32_t y) {
      return c == 3 ? 0.5 : ((x * 7 + y * 13 + c * 50) % 256) / 255.0;
    };
    files.push_back(encode(made));
  }
  return files;
}

TEST_F(Jxl, WithoutMemoryItIsTooLarge) {
  if (!has_address_limits()) GTEST_SKIP() << "sanitizers take addresses of their own";
  int pictures = 0, refused = 0;
  for (const std::string& file : large_files()) {
    const ThumbnailRequest wanted = request(file, 64);
    for (const std::uint64_t mebibytes : {1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 512}) {
      const auto end = run_with_memory(
          mebibytes << 20, [&] { return thumbnailer_.make(wanted, {}).status().code(); });
      ASSERT_TRUE(end.has_value()) << mebibytes << " MiB";
      EXPECT_TRUE(*end == Code::ok || *end == Code::too_large)
          << mebibytes << " MiB: " << code_name(*end);
      ++(*end == Code::ok ? pictures : refused);
    }
  }
  EXPECT_GT(pictures, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(Jxl, ACutOffFileShowsTheWholePicture) {
  for (const bool container : {false, true}) {
    MadeJxl made = four_quarters(1000, 750);
    made.lossless = false;
    made.container = container;
    std::mt19937 random(5);
    made.sample = [&](std::size_t c, std::uint32_t x, std::uint32_t y) {
      return std::min(1.0, quarter(c, x / 1000.0, y / 750.0) + (random() % 16) / 255.0);
    };
    const std::string file = encode(made);
    for (const std::size_t part : {30, 50, 90}) {
      for (const std::uint32_t side : {500u, 50u}) {
        expect_quarters(picture(file.substr(0, file.size() * part / 100), side), 24,
                        std::to_string(part) + " % at " + std::to_string(side));
      }
    }
  }
}

TEST_F(Jxl, EveryPrefixEndsInAPictureOrAFailure) {
  for (const bool lossless : {false, true}) {
    MadeJxl made = four_quarters(300, 40);  // two groups
    made.lossless = lossless;
    made.container = lossless;
    std::mt19937 random(5);
    made.sample = [&](std::size_t, std::uint32_t, std::uint32_t) { return random() % 9 / 9.0; };
    const std::string file = encode(made);
    for (std::size_t size = 0; size < file.size(); size += 1 + size / 200) {
      const Code end = code(file.substr(0, size));
      EXPECT_TRUE(end == Code::ok || end == Code::corrupt_input) << size << code_name(end);
    }
    EXPECT_EQ(code(file), Code::ok);
  }
}

TEST_F(Jxl, DamagedFilesEndInAPictureOrAFailure) {
  std::mt19937 random(11);
  for (const bool lossless : {false, true}) {
    MadeJxl made = four_quarters(300, 40);
    made.lossless = lossless;
    const std::string whole = encode(made);
    for (int i = 0; i < 300; ++i) {
      std::string file = whole;
      for (int k = 0; k < 3; ++k) file[random() % file.size()] = static_cast<char>(random());
      const Code end = code(file);
      EXPECT_TRUE(end == Code::ok || end == Code::corrupt_input || end == Code::unsupported ||
                  end == Code::too_large)
          << code_name(end);
    }
  }
}

}  // namespace
}  // namespace thumbmill
