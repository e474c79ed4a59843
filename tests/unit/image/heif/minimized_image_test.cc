// Files with a mini box: every field that it may have, and what it does not let a file do.
#include "image/heif/minimized_image.h"

#include <algorithm>
#include <random>

#include "image/heif/libheif_decoder.h"
#include "image/heif/minimized_box.h"
#include "image/heif/still_decoder.h"
#include "mini_files.h"
#include "model/image_format.h"
#include "seen.h"

namespace thumbmill::heif {
namespace {

CodedItem coded(Codec codec, SizePx size = {96, 64}) { return encode(quarters(size), codec); }

CodedItem coded_alpha(Codec codec, SizePx size = {96, 64}) {
  RawPicture alpha = quarters(size, kGrey);
  alpha.color = [](double x, double) {
    return x < 0.5 ? std::array{1.0, 1.0, 1.0} : std::array{0.5, 0.5, 0.5};
  };
  return encode(alpha, codec);
}

Status status_of(const std::string& file) {
  return decode_by_tiles(file, request_for(16)).status();
}

// As the kernel sees them.
Properties properties_of(const Container& container, std::uint32_t id = 1) {
  return read_properties_of(container, *container.find(id)).value();
}

TEST(MinimizedImage, ShowsAPictureOfEitherCodec) {
  for (const Codec codec : kCodecs) {
    for (const bool wide : {false, true}) {
      for (const bool explicit_codec : {false, true}) {
        MiniFile file(coded(codec));
        file.wide_sizes = wide;
        if (explicit_codec) {
          file.codec_types = codec == Codec::hevc ? "hvc1hvcC" : "av01av1C";
          file.brand = number(0, 4);
        }
        const std::string bytes = file.build();
        ASSERT_TRUE(sniff_image_format(bytes).has_value());
        for (const std::uint32_t side : {96u, 24u}) {
          const Seen seen = look_at(bytes, side);
          EXPECT_EQ(seen.source, (SizePx{96, 64}));
          EXPECT_EQ(seen.pixels.channels, 3u);
          expect_quarters(seen, 4, codec == Codec::hevc ? "HEVC" : "AV1");
        }
      }
    }
  }
}

TEST(MinimizedImage, IsTheSameContainerAsAMetaBox) {
  for (const Codec codec : kCodecs) {
    const CodedItem picture = coded(codec);
    MiniFile file(picture);
    file.codes = ColorCodes{12, 13, 6, true};
    file.profile = "a profile";
    file.light = {.peak = 1200};
    const std::string mini = file.build();
    const std::string meta = one_picture(picture, {{"colr", nclx(*file.codes)},
                                                   {"colr", icc(file.profile)},
                                                   {"clli", number(1200, 2) + number(100, 2)}});
    const Container own = read_container(mini).value(), other = read_container(meta).value();
    const Properties a = properties_of(own), b = properties_of(other);
    EXPECT_EQ(own.primary, other.primary);
    EXPECT_EQ(own.find(1)->type, other.find(1)->type);
    EXPECT_EQ(a.size, b.size);
    EXPECT_EQ(a.codes, b.codes);
    EXPECT_EQ(a.peak, b.peak);
    EXPECT_EQ(a.profile, b.profile);
    EXPECT_EQ(a.hevc, b.hevc);
    EXPECT_EQ(a.av1, b.av1);
    std::string joined;
    EXPECT_EQ(item_bytes(own, *own.find(1), joined).value(), picture.bytes);
  }
}

TEST(MinimizedImage, TurnsInAllEightWays) {
  for (const Codec codec : kCodecs) {
    MiniFile file(coded(codec));
    for (file.orientation = 1; file.orientation <= 8; ++file.orientation) {
      const auto decoded = decode_by_tiles(file.build(), request_for(24));
      ASSERT_TRUE(decoded.ok()) << decoded.status().to_string();
      EXPECT_EQ(decoded->picture.orientation, file.orientation);
      EXPECT_EQ(decoded->size, file.orientation < 5 ? (SizePx{96, 64}) : (SizePx{64, 96}));
    }
  }
}

TEST(MinimizedImage, KeepsAlpha) {
  for (const Codec codec : kCodecs) {
    for (const bool own_config : {false, true}) {
      MiniFile file(coded(codec));
      file.alpha = coded_alpha(codec);
      // HEVC's configuration holds the parameters of the picture: the same for both only where
      // both are of one format.
      if (!own_config) file.picture = *file.alpha;
      file.own_alpha_config = own_config;
      const Seen seen = look_at(file.build(), 24);
      ASSERT_TRUE(seen.status.ok()) << seen.status.to_string();
      EXPECT_EQ(seen.alpha(0.25, 0.5), 255);
      EXPECT_NEAR(seen.alpha(0.75, 0.5), 128, 1);
      if (own_config) expect_quarters(seen, 4, "alpha");
    }
  }
}

TEST(MinimizedImage, UndoesMultipliedAlpha) {
  RawPicture color = quarters({96, 64}, k444);
  color.color = [](double x, double y) {
    auto rgb = four_quarters(x, y);
    for (double& value : rgb) value *= x < 0.5 ? 1 : 0.5;
    return rgb;
  };
  MiniFile file(encode(color, Codec::av1));
  file.chroma = k444;
  file.alpha = coded_alpha(Codec::av1);
  file.premultiplied = true;
  expect_quarters(look_at(file.build(), 24), 4, "multiplied");
}

// alpha_flag without an alpha item: neither codec has alpha within a picture.
TEST(MinimizedImage, AlphaWithoutBytesIsNone) {
  MiniFile file(coded(Codec::av1));
  file.alpha = CodedItem{Codec::av1, {96, 64}, "", ""};
  const Seen seen = look_at(file.build(), 24);
  EXPECT_EQ(seen.pixels.channels, 3u);
  expect_quarters(seen, 4, "no alpha");
}

TEST(MinimizedImage, ReadsEveryDepthAndChromaFormat) {
  for (const Codec codec : kCodecs) {
    for (const Chroma& chroma : {k420, k422, k444}) {
      for (const int bits : {8, 10, 12}) {
        for (const bool full_range : {false, true}) {
          RawPicture picture = quarters({96, 64}, chroma);
          picture.bits = bits;
          picture.codes = {1, 13, 9, full_range};
          MiniFile file(encode(picture, codec));
          file.chroma = chroma;
          file.bits = bits;
          file.full_range = full_range;
          file.codes = picture.codes;
          expect_quarters(look_at(file.build(), 24), 3,
                          testing::PrintToString(std::tuple(chroma.divisor_x, bits, full_range)));
        }
      }
    }
  }
}

// Without codes: sRGB and BT.601's matrix, whatever the bitstream says; with a profile nothing.
TEST(MinimizedImage, ColoursThatAreNotSaidAreSrgb) {
  MiniFile file(coded(Codec::av1));
  const auto codes_of = [&] { return *properties_of(read_container(file.build()).value()).codes; };
  EXPECT_EQ(codes_of(), (ColorCodes{1, 13, 6, true}));
  file.full_range = false;
  file.profile = "a profile";
  EXPECT_EQ(codes_of(), (ColorCodes{2, 2, 6, false}));
  file.chroma = kGrey;
  EXPECT_EQ(codes_of(), (ColorCodes{2, 2, 2, false}));
  file.profile = "";
  EXPECT_EQ(codes_of(), (ColorCodes{1, 13, 2, false}));
}

TEST(MinimizedImage, PassesOverMetadata) {
  MiniFile file(coded(Codec::hevc));
  file.profile = "no profile that can be used";
  file.exif = "Exif";
  expect_quarters(look_at(file.build(), 24), 4, "Exif");
  file.xmp = std::string(5000, 'x');
  expect_quarters(look_at(file.build(), 24), 4, "both");
  file.exif = "";
  expect_quarters(look_at(file.build(), 24), 4, "XMP");
  EXPECT_EQ(read_container(file.build())->items.size(), 1u);
}

TEST(MinimizedImage, ReadsTheLight) {
  MiniFile file(coded(Codec::av1));
  const auto peak_of = [&] { return properties_of(read_container(file.build()).value()).peak; };
  file.light = {.peak = 0, .others = true};
  EXPECT_EQ(peak_of(), std::nullopt);
  file.light = {.peak = 4000, .others = true};
  EXPECT_EQ(peak_of(), 4000);
  file.light = {.peak = 300};
  EXPECT_EQ(peak_of(), 300);
}

// As beside a tmap item: the picture itself is shown, in its own colours and light.
TEST(MinimizedImage, ShowsThePictureBesideAGainMap) {
  for (const Codec codec : kCodecs) {
    for (const bool same_size : {false, true}) {
      for (const bool draft : {false, true}) {
        MiniFile file(coded(codec));
        file.draft = draft;
        file.alpha = coded_alpha(codec);
        file.light = {.peak = 300, .others = true};
        file.profile = "no profile that can be used";
        MiniFile::GainMap map;
        map.map = coded(codec, same_size ? SizePx{96, 64} : SizePx{48, 32});
        map.same_size = same_size;
        map.own_config = !same_size;
        map.profile = std::string(2000, 'p');
        map.codes = ColorCodes{9, 16, 9, true};
        map.light = {.peak = 4000, .others = true};
        file.gain_map = map;
        const std::string bytes = file.build();
        const Seen seen = look_at(bytes, 24);
        expect_quarters(seen, 4, draft ? "draft" : "published");
        EXPECT_NEAR(seen.alpha(0.75, 0.5), 128, 1);
        EXPECT_EQ(properties_of(read_container(bytes).value()).peak, 300);
      }
    }
  }
}

TEST(MinimizedImage, AGainMapMayHaveNoPicture) {
  MiniFile file(coded(Codec::av1));
  file.gain_map.emplace();
  file.gain_map->map.size = {1, 1};
  expect_quarters(look_at(file.build(), 24), 4, "no map");
}

// The draft, which libavif still writes, has no matrix of a grey picture.
TEST(MinimizedImage, ReadsGreyInBothTexts) {
  RawPicture picture = quarters({96, 64}, kGrey);
  picture.color = [](double x, double) {
    return x < 0.5 ? std::array{0.1, 0.1, 0.1} : std::array{0.9, 0.9, 0.9};
  };
  for (const Codec codec : kCodecs) {
    for (const bool draft : {false, true}) {
      MiniFile file(encode(picture, codec));
      file.chroma = kGrey;
      file.codes = ColorCodes{1, 13, 2, true};
      file.draft = draft;
      const Seen seen = look_at(file.build(), 24);
      ASSERT_TRUE(seen.status.ok()) << seen.status.to_string();
      EXPECT_LE(distance(seen.at(0.2, 0.5), {26, 26, 26}), 2);
      EXPECT_LE(distance(seen.at(0.8, 0.5), {230, 230, 230}), 2);
    }
  }
}

TEST(MinimizedImage, SaysWhatItDoesNotRead) {
  MiniFile file(coded(Codec::av1));
  const std::string body = file.body();
  const auto code = [](std::string text, const std::string& brand = "avif") {
    return status_of(box("ftyp", "mif3" + brand) + box("mini", text)).code();
  };
  EXPECT_EQ(code(body), Code::ok);
  EXPECT_EQ(code(body, "vvi3"), Code::unsupported);
  EXPECT_EQ(code(body, number(0, 4)), Code::unsupported);
  EXPECT_EQ(code(body, ""), Code::unsupported);
  std::string other = body;
  other[0] = static_cast<char>(other[0] | 0x40);  // version 1
  EXPECT_EQ(code(other), Code::unsupported);
  other = body;
  other[0] = static_cast<char>(other[0] | 0x10);  // floating point
  EXPECT_EQ(code(other), Code::unsupported);
  for (const std::string types : {"av01av2C", "av02av1C", "vvc1vvcC", "av01hvcC", "gridav1C"}) {
    file.codec_types = types;
    EXPECT_EQ(code(file.body()), Code::unsupported) << types;
  }
  EXPECT_EQ(read_container(box("mini", body)).status().code(), Code::corrupt_input);  // no ftyp
}

// What neither the kernel nor a libheif without mini boxes reads is unsupported, not damaged.
TEST(MinimizedImage, WhatLibheifDoesNotReadEitherIsUnsupported) {
  MiniFile file(coded(Codec::av1));
  file.codes = ColorCodes{1, 13, 8, true};  // YCgCo
  const std::string bytes = file.build();
  EXPECT_EQ(status_of(bytes).code(), Code::unsupported);
  const auto decoded = decode_heif(bytes, request_for(16));
  EXPECT_TRUE(decoded.ok() || decoded.status().code() == Code::unsupported)
      << decoded.status().to_string();
}

TEST(MinimizedImage, TheCodedSizeCounts) {
  for (const Codec codec : kCodecs) {
    MiniFile file(coded(codec, {256, 192}));
    ThumbnailRequest request = request_for(16);
    const auto size_of = [&](SizePx declared) {
      file.size = declared;
      return decode_by_tiles(file.build(), request)->size;
    };
    EXPECT_EQ(size_of({8, 8}), (SizePx{256, 192}));
    EXPECT_EQ(size_of({400, 300}), (SizePx{256, 192}));
    EXPECT_EQ(size_of({250, 190}), (SizePx{250, 190}));  // padding
    int asked = 0;
    request.admit = [&](std::uint64_t) {
      ++asked;
      return Status();
    };
    request.limits.max_pixels = 256 * 192 - 1;
    for (const SizePx declared : {SizePx{8, 8}, SizePx{32'768, 32'768}}) {
      file.size = declared;
      EXPECT_EQ(decode_by_tiles(file.build(), request).status().code(), Code::too_large);
    }
    EXPECT_EQ(asked, 0);
  }
}

// The sizes say that there are 2^28 bytes: none is taken memory for.
TEST(MinimizedImage, HostileSizesAreDamage) {
  BitWriter writer;
  writer.put(0, 2);
  // Alpha, HDR, a profile, Exif and XMP.
  for (const bool flag : {false, false, true, true, false, true, true, true, true}) {
    writer.flag(flag);
  }
  writer.put(3, 2);  // 4:4:4
  writer.put(0, 3);
  writer.flag(true);
  writer.put(~0u, 30);
  writer.put(0, 2);      // 8 bits, not multiplied
  writer.flag(true);     // a gain map
  writer.flag(true);     // of the same size
  writer.put(0, 8 + 1);  // matrix and range
  writer.put(3, 2);      // 4:4:4
  writer.put(0, 2);      // 8 bits
  writer.put(2, 2);      // a profile, no codes
  writer.put(0, 12);     // nothing of the light
  writer.put(~0ull, 3);  // wide fields, all of them full
  for (int i = 0; i < 300; ++i) writer.put(1, 1);
  const std::string file = box("ftyp", "mif3avif") + box("mini", writer.bytes());
  EXPECT_EQ(status_of(file).code(), Code::corrupt_input);
  EXPECT_EQ(status_of(file + std::string(1000, '\xff')).code(), Code::corrupt_input);
}

TEST(MinimizedImage, HasNoByteTooFewOrTooMany) {
  MiniFile file(coded(Codec::av1));
  const std::string body = file.body();
  ASSERT_TRUE(read_minimized_box(body).ok());
  EXPECT_EQ(read_minimized_box(body + "x").status().code(), Code::corrupt_input);
  EXPECT_EQ(read_minimized_box("").status().code(), Code::corrupt_input);
  // Bits of padding that are not zero: the fields of a 4:2:0 picture without flags are 54 bits.
  std::string padded = body;
  padded[6] = static_cast<char>(padded[6] | 1);
  EXPECT_EQ(read_minimized_box(padded).status().code(), Code::corrupt_input);
}

TEST(MinimizedImage, EveryCutEndsInAVerdict) {
  for (const Codec codec : kCodecs) {
    MiniFile file(encode(quarters({64, 48}), codec, 50));
    file.alpha = coded_alpha(codec, {64, 48});
    file.profile = "a profile";
    file.light = {.peak = 300, .others = true};
    const std::string whole = file.build(), body = file.body();
    ASSERT_TRUE(status_of(whole).ok()) << status_of(whole).to_string();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(status_of(whole.substr(0, size)).code(), Code::corrupt_input) << size;
    }
    const std::string type = whole.substr(0, 16);
    for (std::size_t size = 0; size < body.size(); ++size) {
      EXPECT_EQ(status_of(type + box("mini", body.substr(0, size))).code(), Code::corrupt_input)
          << size;
    }
  }
}

TEST(MinimizedImage, DamagedFilesEndInAVerdict) {
  std::mt19937 random(11);
  for (const Codec codec : kCodecs) {
    MiniFile file(encode(quarters({64, 48}), codec, 50));
    file.alpha = coded_alpha(codec, {64, 48});
    file.orientation = 6;
    file.gain_map.emplace();
    file.gain_map->map = file.picture;
    const std::string whole = file.build();
    for (int i = 0; i < 800; ++i) {
      std::string damaged = whole;
      const std::size_t range = i % 2 == 0 ? 60 : damaged.size();
      for (int k = 0; k < 2; ++k) damaged[random() % range] = static_cast<char>(random());
      const Code code = status_of(damaged).code();
      EXPECT_TRUE(code == Code::ok || code == Code::corrupt_input || code == Code::unsupported ||
                  code == Code::too_large)
          << code_name(code);
    }
  }
}

}  // namespace
}  // namespace thumbmill::heif
