#include "image/planar/resample.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "image/planar/render.h"

namespace thumbmill::planar {
namespace {

Plane make_plane(std::size_t width, std::size_t height, auto value) {
  Plane plane;
  plane.width = plane.stride = width;
  plane.height = height;
  plane.extent_x = static_cast<double>(width);
  plane.extent_y = static_cast<double>(height);
  for (std::size_t y = 0; y < height; ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      plane.samples.push_back(static_cast<std::uint8_t>(value(x, y)));
    }
  }
  return plane;
}

Plane noise(std::size_t width, std::size_t height) {
  std::mt19937 random(7);
  return make_plane(width, height, [&](auto, auto) { return random() & 255; });
}

Axis axis(std::size_t in, std::size_t out) {
  return {in, out, 0, static_cast<double>(in) / static_cast<double>(out)};
}

Plane through(const Plane& plane, const Axis& x, const Axis& y) {
  return resample(plane, make_taps(x, Filter::lanczos3), make_taps(y, Filter::lanczos3));
}

TEST(Resample, FlatStaysFlat) {
  for (const std::size_t in : {1, 2, 7, 33, 500}) {
    for (const std::size_t out : {1, 2, 9, 40, 601}) {
      for (const int level : {0, 1, 128, 255}) {
        const Plane plane = make_plane(in, in, [&](auto, auto) { return level; });
        const Plane made = through(plane, axis(in, out), axis(in, out));
        EXPECT_EQ(std::count(made.samples.begin(), made.samples.end(), level),
                  static_cast<std::ptrdiff_t>(out * out))
            << in << " to " << out;
      }
    }
  }
}

TEST(Resample, TheSameSizeIsTheSamePicture) {
  const Plane plane = noise(45, 31);
  EXPECT_EQ(through(plane, axis(45, 45), axis(31, 31)).samples, plane.samples);
}

TEST(Resample, MirrorsAndCrops) {
  const Plane plane = noise(60, 40);
  const Plane whole = through(plane, axis(60, 30), axis(40, 20));
  const Plane mirrored = through(plane, {60, 30, 60, -2}, {40, 20, 40, -2});
  const Plane cut = through(plane, {60, 10, 12, 2}, {40, 8, 8, 2});
  for (std::size_t y = 0; y < 20; ++y) {
    for (std::size_t x = 0; x < 30; ++x) {
      // A mirrored tap may round the other way.
      EXPECT_NEAR(mirrored.row(19 - y)[29 - x], whole.row(y)[x], 1);
      if (y < 8 && x < 10) {
        EXPECT_EQ(cut.row(y)[x], whole.row(y + 4)[x + 6]);
      }
    }
  }
}

TEST(Resample, IsNearTheSameInFloatingPoint) {
  const Plane plane = noise(97, 1);
  const Plane made = through(plane, axis(97, 31), axis(1, 1));
  const double step = 97.0 / 31;
  for (std::size_t i = 0; i < 31; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * step;
    double sum = 0, total = 0;
    for (int j = -40; j < 140; ++j) {
      const double x = (j + 0.5 - center) / step;
      if (std::abs(x) >= 3) continue;
      const double pi_x = M_PI * x;
      const double weight = x == 0 ? 1 : 3 * std::sin(pi_x) * std::sin(pi_x / 3) / (pi_x * pi_x);
      sum += weight * plane.samples[static_cast<std::size_t>(std::clamp(j, 0, 96))];
      total += weight;
    }
    EXPECT_NEAR(made.samples[i], std::clamp(sum / total, 0.0, 255.0), 1.0);
  }
}

TEST(Resample, TheSameBitsWithAndWithoutVectors) {
  const Passes portable = portable_passes();
  const Passes best = best_passes();
  std::mt19937 random(3);
  for (const std::size_t in : {1, 5, 16, 17, 100, 504}) {
    for (const std::size_t out : {1, 3, 50, 200, 700}) {
      const Plane plane = noise(in, in);
      const Taps taps = make_taps(axis(in, out), Filter::lanczos3);
      std::vector<const std::uint8_t*> rows(taps.used);
      for (std::size_t j = 0; j < taps.used; ++j) rows[j] = plane.row(taps.first[out / 2] + j);
      const std::int16_t* const weights = taps.weights.data() + out / 2 * taps.count;
      std::vector<std::int16_t> row_a(in + kRowPadding), row_b(in + kRowPadding);
      portable.vertical(rows.data(), weights, taps.used, in, row_a.data());
      best.vertical(rows.data(), weights, taps.used, in, row_b.data());
      ASSERT_EQ(row_a, row_b) << in << " to " << out;
      std::vector<std::uint8_t> out_a(out), out_b(out);
      portable.horizontal(row_a.data(), taps, out_a.data());
      best.horizontal(row_a.data(), taps, out_b.data());
      ASSERT_EQ(out_a, out_b) << in << " to " << out;
    }
  }
}

// FNV-1a of the taps of many axes, as x86-64 makes them: a multiplication and an addition that the
// compiler fuses moves some of those that mirror.
TEST(Resample, TheSameTapsOnEveryArchitecture) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (std::size_t in = 1; in < 150; in += 7) {
    for (std::size_t out = 1; out < 300; out += 11) {
      const double step = static_cast<double>(in) / static_cast<double>(out);
      for (const Axis& axis :
           {Axis{in, out, 0, step}, Axis{in, out, static_cast<double>(in), -step}}) {
        const Taps taps = make_taps(axis, Filter::lanczos3);
        for (const std::uint32_t first : taps.first) add(first);
        for (const std::int16_t weight : taps.weights) add(static_cast<std::uint16_t>(weight));
      }
    }
  }
  EXPECT_EQ(hash, 0xf3402282ce40e2d9);
}

// A gradient that falls to the right and down; `orientation` has its pixels moved so that it looks
// like that once it is turned.
TEST(Render, TurnsEveryOrientation) {
  const auto level = [](double x, double y) { return 250 - 3 * x - 1.5 * y; };
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const std::size_t upright_width = 48, upright_height = 36;
    const bool sideways = orientation >= 5;
    Picture picture;
    picture.model = ColorModel::grey;
    picture.orientation = orientation;
    // EXIF 2.3, tag 274: where row 0 and column 0 of what is stored belong.
    picture.planes.push_back(make_plane(
        sideways ? upright_height : upright_width, sideways ? upright_width : upright_height,
        [&](std::size_t x, std::size_t y) {
          std::size_t ux = sideways ? y : x, uy = sideways ? x : y;
          if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) {
            ux = upright_width - 1 - ux;
          }
          if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) {
            uy = upright_height - 1 - uy;
          }
          return level(static_cast<double>(ux), static_cast<double>(uy));
        }));
    const FitPlan plan{{24, 18}, {20, 18}, {20, 18}};
    const Picture made = render(picture, plan, 2);
    ASSERT_EQ(made.planes[0].width, 20u);
    ASSERT_EQ(made.planes[0].height, 18u);
    for (std::size_t y = 2; y < 16; ++y) {
      for (std::size_t x = 2; x < 18; ++x) {
        EXPECT_NEAR(made.planes[0].row(y)[x],
                    level(2 * (static_cast<double>(x) + 2) + 0.5, 2 * static_cast<double>(y) + 0.5),
                    1.6);
      }
    }
  }
}

}  // namespace
}  // namespace thumbmill::planar
