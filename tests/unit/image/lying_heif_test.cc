// HEIC and AVIF files that declare a small picture around a large one: by the container's own
// reader and by libheif, which would believe them.
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "heif_files.h"
#include "image/jpeg/made_jpeg.h"
#include "lying_headers.h"
#include "png_files.h"

namespace thumbmill {
namespace {

heif::RawPicture flat(SizePx size) {
  return {size, 8, {true, 2, 2}, {1, 13, 6, true}, [](double, double) {
            return std::array{0.5, 0.5, 0.5};
          }};
}

constexpr SizePx kLarge{1600, 1200}, kDeclared{64, 64};

// A file whose picture is what `add` adds, by way of one that only libheif reads, and that declares
// a small one.
std::string only_for_libheif(const std::function<std::uint32_t(heif::HeifFile&)>& add) {
  heif::HeifFile file;
  const auto id = file.add_item("iden", "", true);
  file.use(id, {file.add_property("ispe", heif::ispe(kDeclared))});
  file.refer("dimg", id, {add(file)});
  return file.build();
}

class LyingHeif : public ::testing::TestWithParam<heif::Codec> {
 protected:
  ImageFormat format() const {
    return GetParam() == heif::Codec::hevc ? ImageFormat::heic : ImageFormat::avif;
  }
  heif::CodedItem picture(SizePx size) const { return encode(flat(size), GetParam(), 50); }
  // A large picture that is declared as a small one.
  heif::CodedItem liar() const {
    heif::CodedItem coded = picture(kLarge);
    coded.size = kDeclared;
    return coded;
  }
};

TEST_P(LyingHeif, Single) {
  expect_verdict(format(), one_picture(liar()), Code::too_large, one_megapixel());
  expect_verdict(format(), one_picture(liar()), Code::ok);
}

TEST_P(LyingHeif, TilesOfAGrid) {
  const heif::CodedItem small = picture(kDeclared);
  for (const bool first : {true, false}) {
    heif::HeifFile file;
    const auto id = file.add_item("grid", heif::grid(2, 1, {128, 64}));
    const auto large = file.add_coded(liar()), other = file.add_coded(small);
    file.refer("dimg", id, first ? std::vector{large, other} : std::vector{other, large});
    const MeasuredRun run = measure(kernels(), format(), file.build(), one_megapixel());
    expect_verdict(run, {Code::too_large, Code::corrupt_input});
  }
}

TEST_P(LyingHeif, Alpha) {
  heif::HeifFile file;
  const auto color = file.add_coded(picture(kDeclared));
  const auto alpha = file.add_coded(liar(), {{file.add_property("auxC", heif::aux_alpha()), true}});
  file.refer("auxl", alpha, {color});
  expect_verdict(format(), file.build(), Code::too_large, one_megapixel());
}

// Looked at only where the picture is large, and never the reason to refuse it.
TEST_P(LyingHeif, EmbeddedThumbnail) {
  heif::TiledPicture tiles{GetParam(), {64, 64}, 4, 4, {256, 256}};
  tiles.more = [this](heif::HeifFile& file) { file.refer("thmb", file.add_coded(liar()), {1}); };
  expect_verdict(format(), tiled(tiles), Code::ok, one_megapixel());
}

// What libheif decodes: it takes the declared size for the true one.
TEST_P(LyingHeif, DerivedPictures) {
  for (const std::string type : {"iden", "iovl", "grid"}) {
    SCOPED_TRACE(type);
    heif::HeifFile file;
    const std::string canvas = heif::number(0, 2) + std::string(8, '\0') + heif::number(64, 2) +
                               heif::number(64, 2) + std::string(4, '\0');
    const std::string body = type == "iovl"   ? canvas
                             : type == "grid" ? heif::grid(1, 1, kDeclared)
                                              : "";
    const auto id = file.add_item(type, body, true);
    file.use(id, {file.add_property("ispe", heif::ispe(kDeclared))});
    // Essential, and not known: left to libheif.
    const std::size_t unknown = file.add_property("wxyz", "");
    file.refer("dimg", id, {file.add_coded(liar(), {{unknown, type == "grid"}})});
    expect_verdict(measure(kernels(), format(), file.build(), one_megapixel()), {Code::too_large});
    // Newer versions of libheif compare what they decode with what is declared.
    expect_verdict(measure(kernels(), format(), file.build()),
                   {Code::ok, Code::corrupt_input, Code::unsupported, Code::too_large});
  }
}

// libheif decodes it all the same.
TEST_P(LyingHeif, ProtectedItem) {
  std::string file = only_for_libheif([&](auto& made) { return made.add_coded(liar()); });
  const std::string type = GetParam() == heif::Codec::hevc ? "hvc1" : "av01";
  constexpr std::size_t kProtectionBytes = 2;
  const std::size_t at = file.find(type, file.find("iinf")) - kProtectionBytes;
  file.replace(at, kProtectionBytes, heif::number(1, kProtectionBytes));
  expect_verdict(format(), file, Code::unsupported, one_megapixel());
}

// Zero bytes for libheif; up to the end of the file elsewhere.
TEST_P(LyingHeif, ExtentWithoutALength) {
  const heif::CodedItem coded = liar();
  std::string file = only_for_libheif([&](auto& made) { return made.add_coded(coded); });
  const std::size_t at = file.find(heif::number(coded.bytes.size(), 4), file.find("iloc"));
  ASSERT_NE(at, std::string::npos);
  file.replace(at, 4, heif::number(0, 4));
  expect_verdict(format(), file, Code::corrupt_input, one_megapixel());
}

INSTANTIATE_TEST_SUITE_P(Codecs, LyingHeif, ::testing::Values(heif::Codec::hevc, heif::Codec::av1),
                         [](const auto& instance) {
                           return instance.param == heif::Codec::hevc ? "hevc" : "av1";
                         });

// Parameter sets hide in the item, too, where libheif hands all of them on.
TEST(LyingHevc, ParametersInTheItem) {
  const heif::CodedItem small = encode(flat(kDeclared), heif::Codec::hevc, 50);
  const heif::CodedItem large = encode(flat(kLarge), heif::Codec::hevc, 50);
  // The second array of hvcC is the SPS's: its unit, with the length as items have it.
  const std::size_t sps = large.config.find("\x42\x01", 22);
  ASSERT_NE(sps, std::string::npos);
  const std::size_t size = static_cast<unsigned char>(large.config[sps - 1]);
  heif::CodedItem mixed = small;
  mixed.bytes = heif::number(size, 4) + large.config.substr(sps, size) + large.bytes;
  constexpr std::size_t kLengthSizeAt = 21;
  for (const char length_size : {'\xff', '\xfe'}) {  // four bytes; three, which libheif ignores
    mixed.config[kLengthSizeAt] = length_size;
    const std::string file = only_for_libheif([&](auto& made) { return made.add_coded(mixed); });
    expect_verdict(ImageFormat::heic, file, Code::too_large, one_megapixel());
  }
}

// libheif decodes JPEG items of two types, in one piece and with their tables in a property.
TEST(LyingJpegItem, IsAsLargeAsItsFrame) {
  const std::string jpeg = jpeg::make_jpeg({.width = kLarge.width, .height = kLarge.height});
  const std::size_t frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const std::string type : {"jpeg", "mime"}) {
    for (const std::size_t split : {std::size_t{0}, frame}) {
      const std::string file = only_for_libheif([&](heif::HeifFile& made) {
        const auto id = made.add_item(type, jpeg.substr(split));
        made.use(id, {made.add_property("ispe", heif::ispe(kDeclared))});
        if (split > 0) made.use(id, {made.add_property("jpgC", jpeg.substr(0, split)), true});
        return id;
      });
      expect_verdict(ImageFormat::heic, file, Code::too_large, one_megapixel());
    }
  }
}

// An uncompressed picture of three bytes a pixel (ISO/IEC 23001-17) whose bytes are packed by zlib.
std::string packed_picture(const std::string& pixels) {
  std::string layout = heif::number(0, 4) + heif::number(3, 4);  // no profile; components
  std::string kinds = heif::number(3, 4);
  for (const unsigned index : {0u, 1u, 2u}) {
    layout += heif::number(index, 2) + heif::number(7, 1) + heif::number(0, 2);  // 8 bits
    kinds += heif::number(4 + index, 2);                                         // red, green, blue
  }
  // No subsampling, by pixel, no block sizes, flags, alignments or tiles.
  layout += heif::number(0, 1) + heif::number(1, 1) + std::string(22, '\0');
  heif::HeifFile file;
  const auto id = file.add_item("unci", zlib_stream(pixels));
  file.use(id, {file.add_property("ispe", heif::ispe(kDeclared))});
  file.use(id, {file.add_property("cmpd", kinds), true});
  file.use(id, {file.add_property("uncC", heif::number(0, 4) + layout), true});
  file.use(id, {file.add_property("cmpC", heif::number(0, 4) + "zlib" + heif::number(0, 1)), true});
  return file.build();
}

// libheif unpacks all of it, whatever the picture's size: what holds is the limit on addresses that
// every decoder process works under.
TEST(LyingUncompressed, PackedBytesAreNotTrusted) {
  if (!has_address_limits()) GTEST_SKIP() << "sanitizers take addresses of their own";
  constexpr std::uint64_t kLimit = 64 << 20;
  const auto code = [](const std::string& file) {
    return run_with_memory(kLimit, [&] {
      return kernels().make(request_for(ImageFormat::heic, file), {}).status().code();
    });
  };
  const std::size_t right = std::size_t{kDeclared.width} * kDeclared.height * 3;
  const auto whole = code(packed_picture(std::string(right, '\x7f')));
  if (whole == Code::unsupported) GTEST_SKIP() << "this libheif reads no packed pictures";
  EXPECT_EQ(whole, Code::ok);
  EXPECT_EQ(code(packed_picture(std::string(128 << 20, '\0'))), Code::too_large);
}

}  // namespace
}  // namespace thumbmill
