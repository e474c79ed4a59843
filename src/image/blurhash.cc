#include "image/blurhash.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

namespace thumbmill {
namespace {

constexpr std::size_t kComponentsX = 4;
constexpr std::size_t kComponentsY = 3;

using Linear = std::array<double, 3>;

// IEC 61966-2-1, the sRGB transfer function and its inverse.
double to_linear(std::uint8_t value) {
  const double v = value / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

std::array<double, 256> linear_values() {
  std::array<double, 256> values;
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = to_linear(static_cast<std::uint8_t>(i));
  return values;
}

int to_srgb(double value) {
  const double v = std::clamp(value, 0.0, 1.0);
  const double encoded = v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  return static_cast<int>(std::lround(encoded * 255));
}

void append_base83(std::string& out, int value, int digits) {
  static constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
  for (int i = digits - 1; i >= 0; --i) {
    int digit = value;
    for (int k = 0; k < i; ++k) digit /= 83;
    out.push_back(kDigits[static_cast<std::size_t>(digit % 83)]);
  }
}

// cos(pi k i / n) for each k below `count`, n values each.
std::vector<double> cosines(std::size_t count, std::size_t n) {
  std::vector<double> table;
  table.reserve(count * n);
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      table.push_back(
          std::cos(std::numbers::pi * static_cast<double>(k * i) / static_cast<double>(n)));
    }
  }
  return table;
}

// The picture's share of the basis across[x] * down[y], not yet by its area.
Linear component(std::span<const double> linear, std::span<const double> across,
                 std::span<const double> down) {
  Linear sum{};
  const double* pixel = linear.data();
  for (const double by : down) {
    for (const double bx : across) {
      for (double& value : sum) value += by * bx * *pixel++;
    }
  }
  return sum;
}

int quantise_ac(double value, double most) {
  const double ratio = value / most;
  const double root = std::copysign(std::sqrt(std::abs(ratio)), ratio);
  return static_cast<int>(std::clamp(std::floor(root * 9 + 9.5), 0.0, 18.0));
}

}  // namespace

std::string blurhash(std::span<const std::uint8_t> pixels, std::size_t width_px,
                     std::size_t height_px) {
  static const std::array<double, 256> kLinear = linear_values();
  std::vector<double> linear(pixels.size());
  std::transform(pixels.begin(), pixels.end(), linear.begin(),
                 [](std::uint8_t v) { return kLinear[v]; });

  const std::vector<double> across = cosines(kComponentsX, width_px);
  const std::vector<double> down = cosines(kComponentsY, height_px);
  const double area = static_cast<double>(width_px * height_px);
  std::vector<Linear> components;
  for (std::size_t y = 0; y < kComponentsY; ++y) {
    for (std::size_t x = 0; x < kComponentsX; ++x) {
      components.push_back(component(linear, std::span(across).subspan(x * width_px, width_px),
                                     std::span(down).subspan(y * height_px, height_px)));
      const double normal = (x == 0 && y == 0 ? 1.0 : 2.0) / area;
      for (double& value : components.back()) value *= normal;
    }
  }
  double most = 0;
  for (std::size_t i = 1; i < components.size(); ++i) {
    for (const double value : components[i]) most = std::max(most, std::abs(value));
  }
  const int quantised_most = static_cast<int>(std::clamp(std::floor(most * 166 - 0.5), 0.0, 82.0));
  const double scale = (quantised_most + 1) / 166.0;

  std::string hash;
  append_base83(hash, static_cast<int>((kComponentsX - 1) + (kComponentsY - 1) * 9), 1);
  append_base83(hash, quantised_most, 1);
  const Linear& mean = components[0];
  append_base83(hash, to_srgb(mean[0]) << 16 | to_srgb(mean[1]) << 8 | to_srgb(mean[2]), 4);
  for (std::size_t i = 1; i < components.size(); ++i) {
    const Linear& ac = components[i];
    append_base83(hash,
                  quantise_ac(ac[0], scale) * 19 * 19 + quantise_ac(ac[1], scale) * 19 +
                      quantise_ac(ac[2], scale),
                  2);
  }
  return hash;
}

}  // namespace thumbmill
