// Pictures that belong together in a HEIF file: alpha, other auxiliary ones, and what is left to
// libheif.
#include "image/heif/libheif_decoder.h"
#include "seen.h"

namespace thumbmill::heif {
namespace {

std::string with_alpha(Codec codec, bool premultiplied) {
  RawPicture color = quarters({96, 64}, k444);
  if (premultiplied) {
    color.color = [](double x, double y) {
      auto rgb = four_quarters(x, y);
      for (double& value : rgb) value *= x < 0.5 ? 1 : 0.5;
      return rgb;
    };
  }
  RawPicture alpha = quarters({96, 64}, kGrey);
  alpha.color = [](double x, double) {
    return x < 0.5 ? std::array{1.0, 1.0, 1.0} : std::array{0.5, 0.5, 0.5};
  };
  HeifFile file;
  const auto id = file.add_coded(encode(color, codec));
  const auto other =
      file.add_coded(encode(alpha, codec), {{file.add_property("auxC", aux_alpha()), true}});
  file.refer("auxl", other, {id});
  if (premultiplied) file.refer("prem", id, {other});
  return file.build();
}

TEST(HeifParts, KeepsAlpha) {
  for (const Codec codec : kCodecs) {
    for (const bool premultiplied : {false, true}) {
      for (const std::uint32_t side : {96u, 24u}) {
        const Seen seen = look_at(with_alpha(codec, premultiplied), side);
        expect_quarters(seen, 4, premultiplied ? "multiplied" : "straight");
        EXPECT_EQ(seen.alpha(0.25, 0.5), 255);
        EXPECT_NEAR(seen.alpha(0.75, 0.5), 128, 1);
      }
    }
  }
}

TEST(HeifParts, AnAuxiliaryPictureOfAnotherKindIsNoAlpha) {
  HeifFile file;
  const auto id = file.add_coded(encode(quarters({64, 48}), Codec::hevc));
  const auto map = file.add_coded(
      encode(quarters({32, 24}), Codec::hevc),
      {{file.add_property("auxC",
                          number(0, 4) + "urn:com:apple:photo:2020:aux:hdrgainmap" + number(0, 1)),
        true}});
  file.refer("auxl", map, {id});
  file.refer("dimg", file.add_item("tmap", "what is in it does not matter"), {id, map});
  const Seen seen = look_at(file.build(), 16);
  EXPECT_EQ(seen.pixels.channels, 3u);
  expect_quarters(seen, 4, "gain map");
}

TEST(HeifParts, LeavesToOthersWhatItDoesNotKnow) {
  const CodedItem coded = encode(quarters({64, 48}), Codec::hevc);
  const auto code = [](const HeifFile& file) {
    return decode_by_tiles(file.build(), request_for(8)).status().code();
  };
  EXPECT_EQ(decode_by_tiles(one_picture(coded, {{"xxxx", ""}}), request_for(8)).status().code(),
            Code::unsupported);
  {
    HeifFile file;
    file.add_item("iden", "");
    EXPECT_EQ(code(file), Code::unsupported);
  }
  {
    HeifFile file;  // a grid of grids
    const auto outer = file.add_item("grid", grid(1, 1, {64, 48}));
    const auto inner = file.add_item("grid", grid(1, 1, {64, 48}));
    file.refer("dimg", outer, {inner});
    file.refer("dimg", inner, {outer});
    EXPECT_EQ(code(file), Code::unsupported);
  }
  {
    HeifFile file;
    file.add_coded(coded);
    file.primary = 7;
    EXPECT_EQ(code(file), Code::corrupt_input);
  }
}

// An overlay, which libheif puts together.
TEST(HeifParts, GivesOtherPicturesToLibheif) {
  HeifFile file;
  const std::string canvas = number(0, 2) + number(0, 6) + number(0xffff, 2) + number(96, 2) +
                             number(64, 2) + number(0, 4);
  const auto id = file.add_item("iovl", canvas, true);
  file.use(id, {file.add_property("ispe", ispe({96, 64}))});
  file.refer("dimg", id, {file.add_coded(encode(quarters({96, 64}), Codec::hevc))});
  EXPECT_EQ(look_at(file.build(), 24).status.code(), Code::unsupported);
  expect_quarters(look_at(file.build(), 24, decode_heif), 5, "overlay");
}

TEST(HeifParts, LibheifShowsTheSame) {
  for (const Codec codec : kCodecs) {
    const std::string alpha = with_alpha(codec, false);
    expect_quarters(look_at(alpha, 24, decode_by_libheif), 4, "alpha");
    expect_quarters(look_at(tiled({codec, {64, 64}, 3, 2, {150, 101}}), 60, decode_by_libheif), 5,
                    "tiles");
    // Not 64x48: of that one libheif 1.23.6 says that its size is not what the file says.
    RawPicture picture = quarters({96, 64}, k444);
    picture.bits = 10;
    picture.codes = {9, 16, 9, true};
    const std::string pq = one_picture(encode(picture, codec), {{"colr", nclx(picture.codes)}});
    const Seen own = look_at(pq, 16), other = look_at(pq, 16, decode_by_libheif);
    ASSERT_TRUE(own.status.ok() && other.status.ok()) << other.status.to_string();
    for (const double x : {0.25, 0.75}) {
      EXPECT_LE(distance(own.at(x, 0.25), other.at(x, 0.25)), 3);
    }
  }
}

}  // namespace
}  // namespace thumbmill::heif
