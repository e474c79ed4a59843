// What HEIF files cannot make the kernel do: take memory before it is asked for, believe a size,
// read what is not there, or end the process.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "address_limit.h"
#include "heif_files.h"
#include "image/heif/heif_kernel.h"
#include "image/heif/still_decoder.h"
#include "image/planar/planar_thumbnailer.h"

namespace thumbmill::heif {
namespace {

RawPicture gradient(SizePx size) {
  return {size, 8, {true, 2, 2}, {1, 13, 6, true}, [](double x, double y) {
            return std::array{x, y, 0.5};
          }};
}

struct Asked {
  Status status;
  std::vector<std::uint64_t> bytes;  // at each admission
};

Asked decode(const std::string& file, const ImageLimits& limits = {}, const Status& answer = {}) {
  Asked asked;
  ThumbnailRequest request;
  request.renditions = {{.width_px = 16, .height_px = 16}};
  request.limits = limits;
  request.admit = [&](std::uint64_t bytes) {
    asked.bytes.push_back(bytes);
    return answer;
  };
  asked.status = decode_by_tiles(file, request).status();
  return asked;
}

bool is_verdict(Code code) {
  return code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
         code == Code::too_large;
}

// `coded` with another declared size.
std::string declared(const CodedItem& coded, SizePx size) {
  CodedItem other = coded;
  other.size = size;
  return one_picture(other);
}

TEST(HeifHostile, LimitsComeBeforeMemory) {
  for (const Codec codec : {Codec::hevc, Codec::av1}) {
    const std::string file = one_picture(encode(gradient({128, 96}), codec));
    ImageLimits limits;
    limits.max_pixels = 128 * 96 - 1;
    const Asked pixels = decode(file, limits);
    EXPECT_EQ(pixels.status.message(),
              "the image has 12288 pixels (128 x 96); max-pixels is 12287");
    EXPECT_TRUE(pixels.bytes.empty());
    limits = {};
    limits.max_side_px = 127;
    EXPECT_EQ(decode(file, limits).status.code(), Code::too_large);
    const Asked refused = decode(file, {}, Status(Code::exhausted, "no memory now"));
    EXPECT_EQ(refused.status.code(), Code::exhausted);
    EXPECT_EQ(refused.bytes.size(), 1u);
  }
}

TEST(HeifHostile, TheCodedSizeCounts) {
  for (const Codec codec : {Codec::hevc, Codec::av1}) {
    const CodedItem coded = encode(gradient({256, 192}), codec);
    ImageLimits limits;
    limits.max_pixels = 100 * 100;
    // A small size declared for a large picture.
    const Asked small = decode(declared(coded, {8, 8}), limits);
    EXPECT_EQ(small.status.code(), Code::too_large);
    EXPECT_TRUE(small.bytes.empty());
    ThumbnailRequest request;
    request.renditions = {{.width_px = 16, .height_px = 16}};
    const auto size_of = [&](SizePx size) {
      return decode_by_tiles(declared(coded, size), request)->size;
    };
    EXPECT_EQ(size_of({8, 8}), (SizePx{256, 192}));
    EXPECT_EQ(size_of({4000, 3000}), (SizePx{256, 192}));
    EXPECT_EQ(size_of({0, 0}), (SizePx{256, 192}));
    // A few samples of padding are cut off.
    EXPECT_EQ(size_of({250, 190}), (SizePx{250, 190}));
    // A large size declared for a small picture.
    EXPECT_EQ(decode(declared(coded, {40'000, 40'000})).status.code(), Code::too_large);
    EXPECT_EQ(decode(declared(coded, {~0u, ~0u})).status.code(), Code::too_large);
  }
}

// The configuration of a small picture, and the bytes of a large one.
TEST(HeifHostile, BytesOfAnotherPictureTakeNoMemory) {
  const CodedItem small = encode(gradient({64, 64}), Codec::hevc);
  const CodedItem large = encode(gradient({1024, 1024}), Codec::hevc);
  CodedItem mixed = large;
  mixed.config = small.config;
  EXPECT_TRUE(is_verdict(decode(one_picture(mixed)).status.code()));
  // Two sequence parameter sets, of which the second one is large.
  CodedItem both = large;
  constexpr std::size_t kFixed = 22;
  const auto units = [](const std::string& config) {
    return static_cast<unsigned char>(config[kFixed]);
  };
  both.config = small.config.substr(0, kFixed) +
                number(static_cast<std::uint64_t>(units(small.config) + units(large.config)), 1) +
                small.config.substr(kFixed + 1) + large.config.substr(kFixed + 1);
  EXPECT_EQ(decode(one_picture(both)).status.code(), Code::corrupt_input);
}

TEST(HeifHostile, TilesHaveToFillTheirGrid) {
  const CodedItem coded = encode(gradient({64, 64}), Codec::av1);
  const auto code = [&](std::uint32_t columns, std::uint32_t rows, SizePx size, std::size_t tiles) {
    HeifFile file;
    const auto id = file.add_item("grid", grid(columns, rows, size));
    file.refer("dimg", id, std::vector<std::uint32_t>(tiles, file.add_coded(coded)));
    return decode(file.build()).status.code();
  };
  EXPECT_EQ(code(2, 2, {128, 128}, 4), Code::ok);
  EXPECT_EQ(code(2, 2, {65, 65}, 4), Code::ok);
  EXPECT_EQ(code(2, 2, {64, 128}, 4), Code::corrupt_input);  // the second column shows nothing
  EXPECT_EQ(code(2, 2, {129, 128}, 4), Code::corrupt_input);
  EXPECT_EQ(code(2, 2, {128, 128}, 3), Code::corrupt_input);
  EXPECT_EQ(code(2, 2, {128, 128}, 5), Code::corrupt_input);
  EXPECT_EQ(code(2, 2, {0, 128}, 4), Code::corrupt_input);
  EXPECT_EQ(code(256, 256, {64 * 256, 64 * 256}, 0xffff), Code::unsupported);
  EXPECT_EQ(code(2, 2, {100'000, 128}, 4), Code::too_large);
}

// One large item as every tile: its bytes would be read a thousand times.
TEST(HeifHostile, TilesShareBytesWithinReason) {
  CodedItem coded = encode(gradient({64, 64}), Codec::av1);
  coded.bytes += number(0x7a, 1) + "\x80\x80\x40" + std::string(1 << 20, '\0');  // a padding OBU
  HeifFile file;
  const auto id = file.add_item("grid", grid(32, 32, {2048, 2048}));
  file.refer("dimg", id, std::vector<std::uint32_t>(1024, file.add_coded(coded)));
  EXPECT_EQ(decode(file.build()).status.code(), Code::corrupt_input);
}

TEST(HeifHostile, ReferencesInCirclesLeadNowhere) {
  HeifFile file;
  const auto id = file.add_item("grid", grid(1, 1, {64, 64}));
  file.refer("dimg", id, {id});
  file.refer("thmb", id, {id});
  file.refer("auxl", id, {id});
  file.refer("prem", id, {id});
  EXPECT_EQ(decode(file.build()).status.code(), Code::unsupported);
  HeifFile alpha;  // a picture that is its own alpha
  const auto own = alpha.add_coded(encode(gradient({64, 64}), Codec::hevc),
                                   {{alpha.add_property("auxC", aux_alpha()), true}});
  alpha.refer("auxl", own, {own});
  EXPECT_TRUE(is_verdict(decode(alpha.build()).status.code()));
}

TEST(HeifHostile, EveryCutEndsInAVerdict) {
  for (const Codec codec : {Codec::hevc, Codec::av1}) {
    const CodedItem coded = encode(gradient({64, 48}), codec, 50);
    const std::string whole = one_picture(coded);
    ASSERT_TRUE(decode(whole).status.ok());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(decode(whole.substr(0, size)).status.code(), Code::corrupt_input) << size;
    }
    // The same within the item: the file is whole, what the decoder gets is not.
    for (std::size_t size = 0; size < coded.bytes.size(); ++size) {
      CodedItem cut = coded;
      cut.bytes.resize(size);
      EXPECT_TRUE(is_verdict(decode(one_picture(cut)).status.code())) << size;
    }
    if (codec == Codec::av1) continue;
    for (std::size_t size = 0; size < coded.config.size(); ++size) {
      CodedItem cut = coded;
      cut.config.resize(size);
      EXPECT_TRUE(is_verdict(decode(one_picture(cut)).status.code())) << size;
    }
  }
}

TEST(HeifHostile, DamagedFilesEndInAVerdict) {
  std::mt19937 random(7);
  TiledPicture picture{Codec::hevc, {64, 64}, 2, 2, {120, 100}};
  picture.properties = {{"irot", number(1, 1)}, {"clap", clap(100, 80, 3, 3)}};
  const std::string files[] = {tiled(picture), one_picture(encode(gradient({96, 64}), Codec::av1)),
                               one_picture(encode(gradient({96, 64}), Codec::hevc, 50))};
  for (const std::string& whole : files) {
    const std::size_t meta = whole.find("mdat");
    for (int i = 0; i < 400; ++i) {
      std::string file = whole;
      for (int k = 0; k < 3; ++k) {
        file[random() % (i % 2 == 0 ? meta : file.size())] = static_cast<char>(random());
      }
      const Code code = decode(file).status.code();
      EXPECT_TRUE(is_verdict(code)) << code_name(code);
    }
  }
}

// Whatever the memory there is: a picture, or a word that there is too little.
TEST(HeifHostile, SaysWhereThereIsNoMemory) {
  if (!has_address_limits()) GTEST_SKIP() << "sanitizers take addresses of their own";
  for (const Codec codec : {Codec::hevc, Codec::av1}) {
    for (const bool in_tiles : {false, true}) {
      const auto color = gradient({1, 1}).color;
      const std::string file = in_tiles ? tiled({codec, {256, 256}, 4, 2, {1024, 512}, color})
                                        : one_picture(encode(gradient({1024, 768}), codec, 50));
      int pictures = 0;  // none may be refused: other tests leave memory behind
      for (const std::uint64_t mebibytes : {1, 2, 3, 4, 6, 8, 12, 16, 512}) {
        const auto end = run_with_memory(mebibytes << 20, [&] {
          ThumbnailRequest request;
          request.source = Blob(file);
          request.format = ImageFormat::heic;
          request.renditions = {{.width_px = 200, .height_px = 200}};
          return planar::PlanarThumbnailer({{ImageFormat::heic, decode_by_tiles}},
                                           planar::own_encoders())
              .make(request, {})
              .status()
              .code();
        });
        ASSERT_TRUE(end.has_value()) << mebibytes << " MiB";
        EXPECT_TRUE(*end == Code::ok || *end == Code::too_large)
            << mebibytes << " MiB: " << code_name(*end);
        if (*end == Code::ok) ++pictures;
      }
      EXPECT_GT(pictures, 0);
    }
  }
}

TEST(HeifHostile, AsksForLittleWhereTilesAreSmall) {
  const auto asked = [](const std::string& file) { return decode(file).bytes.at(0); };
  const auto flat = [](double, double) { return std::array{0.5, 0.5, 0.5}; };
  RawPicture whole = gradient({1024, 1024});
  whole.color = flat;
  const std::uint64_t one = asked(one_picture(encode(whole, Codec::hevc)));
  const std::uint64_t many = asked(tiled({Codec::hevc, {128, 128}, 8, 8, {1024, 1024}, flat}));
  EXPECT_LT(many + 4'000'000, one);
}

}  // namespace
}  // namespace thumbmill::heif
