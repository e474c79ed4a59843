#include "image/planar/hdr_to_srgb.h"

#include <algorithm>
#include <cmath>

namespace thumbmill::planar {
namespace {

constexpr std::uint8_t kHlg = 18;    // H.273 table 3
constexpr double kPaperWhite = 203;  // candela a square metre, BT.2408 2.2
constexpr double kHlgScreen = 1000;  // BT.2100 table 5, note 5e: the nominal peak, gamma 1.2
constexpr double kHlgGamma = 1.2;
constexpr std::size_t kSteps = 4096;  // of tables, between which is interpolated
constexpr Primaries kBt2020{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}, {0.3127, 0.3290}};
constexpr Primaries kBt709{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}, {0.3127, 0.3290}};

using Matrix = std::array<std::array<double, 3>, 3>;
using Vector = std::array<double, 3>;

Vector times(const Matrix& m, const Vector& v) {
  Vector made{};
  for (std::size_t i = 0; i < 3; ++i) made[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
  return made;
}

Matrix times(const Matrix& a, const Matrix& b) {
  Matrix made{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) made[i][j] += a[i][k] * b[k][j];
    }
  }
  return made;
}

Matrix inverse(const Matrix& m) {
  const auto minor = [&](std::size_t i, std::size_t j) {
    const std::size_t r0 = (i + 1) % 3, r1 = (i + 2) % 3, c0 = (j + 1) % 3, c1 = (j + 2) % 3;
    return m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
  };
  const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  Matrix made{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) made[i][j] = minor(j, i) / determinant;
  }
  return made;
}

Vector xyz_of(Chromaticity c) { return {c.x / c.y, 1, (1 - c.x - c.y) / c.y}; }

// Linear RGB to CIE XYZ in which D65 is white; another white is adapted (Bradford, as ICC.1:2010
// annex E).
Matrix to_xyz(const Primaries& primaries) {
  constexpr Matrix kBradford{
      {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
  const Vector columns[] = {xyz_of(primaries.red), xyz_of(primaries.green), xyz_of(primaries.blue)};
  Matrix unscaled{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) unscaled[i][j] = columns[j][i];
  }
  const Vector white = xyz_of(primaries.white);
  const Vector scale = times(inverse(unscaled), white);
  Matrix scaled = unscaled;
  for (auto& row : scaled) {
    for (std::size_t j = 0; j < 3; ++j) row[j] *= scale[j];
  }
  const Vector from = times(kBradford, white);
  const Vector to = times(kBradford, xyz_of(kBt2020.white));
  Matrix gains{};
  for (std::size_t i = 0; i < 3; ++i) gains[i][i] = to[i] / from[i];
  return times(times(times(inverse(kBradford), gains), kBradford), scaled);
}

std::array<std::array<float, 3>, 3> between(const Primaries& from, const Primaries& to) {
  const Matrix exact = times(inverse(to_xyz(to)), to_xyz(from));
  std::array<std::array<float, 3>, 3> made{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) made[i][j] = static_cast<float>(exact[i][j]);
  }
  return made;
}

// BT.2100 table 4: light of a PQ sample, relative to paper white.
double pq_light(double sample) {
  constexpr double kM1 = 2610.0 / 16384, kM2 = 2523.0 / 32, kC1 = 3424.0 / 4096, kC2 = 2413.0 / 128,
                   kC3 = 2392.0 / 128;
  const double power = std::pow(sample, 1 / kM2);
  return 10000 / kPaperWhite * std::pow(std::max(power - kC1, 0.0) / (kC2 - kC3 * power), 1 / kM1);
}

// BT.2100 table 5: light of the scene that an HLG sample stands for, 0 to 1.
double hlg_light(double sample) {
  constexpr double kA = 0.17883277, kB = 0.28466892, kC = 0.55991073;
  return sample <= 0.5 ? sample * sample / 3 : (std::exp((sample - kC) / kA) + kB) / 12;
}

double srgb_level(double light) {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

template <typename Function>
std::vector<float> make_table(Function function) {
  std::vector<float> table(kSteps + 2);
  for (std::size_t i = 0; i <= kSteps; ++i) {
    table[i] = static_cast<float>(function(static_cast<double>(i) / kSteps));
  }
  table[kSteps + 1] = table[kSteps];
  return table;
}

float look_up(const std::vector<float>& table, float value) {
  // Not a number becomes 0.
  const float at = value > 0 ? std::min(value, 1.0f) * kSteps : 0;
  const auto i = static_cast<std::size_t>(at);
  const float part = at - static_cast<float>(i);
  return table[i] + (table[i + 1] - table[i]) * part;
}

}  // namespace

double tone_mapped(double light, double peak) {
  // From (1, white) to (most, 1) on a quadratic Bezier curve, whose control point lies at this part
  // of the way from the first point to where the line from 0 through it would reach 1. White is
  // halved where the picture is as bright as usual, and less where it is darker.
  constexpr double kPart = 0.65;
  const double most = std::max(peak / kPaperWhite, 1.0);
  const double white =
      1 - 0.5 * std::min(1.0, std::log2(most) / std::log2(kUsualPeak / kPaperWhite));
  if (light <= 1) return light * white;
  if (light >= most) return 1;
  const double mid_x = 1 - kPart + kPart / white, mid_y = (1 - kPart) * white + kPart;
  const double square_x = 1 - 2 * mid_x + most, square_y = white - 2 * mid_y + 1;
  const double linear_x = 2 * mid_x - 2, linear_y = 2 * mid_y - 2 * white;
  const double c = 1 - light;
  // The root in 0 to 1, in the form that a small or negative square does no harm to.
  const double root = std::sqrt(std::max(0.0, linear_x * linear_x - 4 * square_x * c));
  const double t = -2 * c / (linear_x + root);
  return white + t * (linear_y + t * square_y);
}

HdrToSrgb::HdrToSrgb(const Cicp& cicp, double peak)
    : hlg_(cicp.transfer == kHlg),
      peak_(peak),
      to_bt2020_(between(primaries_of(cicp.primaries).value_or(kBt2020), kBt2020)),
      to_srgb_(between(kBt2020, kBt709)),
      light_(make_table(hlg_ ? hlg_light : pq_light)),
      levels_(make_table([](double root) { return srgb_level(root * root); })) {}

void HdrToSrgb::convert(float* rgb, std::size_t pixels) const {
  const auto apply = [](const Matrix& m, const float* in, float* out) {
    for (std::size_t i = 0; i < 3; ++i)
      out[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
  };
  for (float* const end = rgb + pixels * 3; rgb < end; rgb += 3) {
    float linear[3], wide[3];
    for (std::size_t i = 0; i < 3; ++i) linear[i] = look_up(light_, rgb[i]);
    apply(to_bt2020_, linear, wide);
    if (hlg_) {
      // BT.2100 table 5, OOTF: the screen's light, by the scene's luminance.
      const float luminance = 0.2627f * wide[0] + 0.6780f * wide[1] + 0.0593f * wide[2];
      const auto scale = static_cast<float>(kHlgScreen / kPaperWhite *
                                            std::pow(std::max(luminance, 1e-6f), kHlgGamma - 1));
      for (float& value : wide) value *= scale;
    }
    const float most = std::max({wide[0], wide[1], wide[2], 1e-6f});
    const auto gain = static_cast<float>(tone_mapped(most, peak_)) / most;
    apply(to_srgb_, wide, linear);
    for (std::size_t i = 0; i < 3; ++i) {
      rgb[i] = look_up(levels_, std::sqrt(std::max(0.0f, linear[i] * gain)));
    }
  }
}

}  // namespace thumbmill::planar
