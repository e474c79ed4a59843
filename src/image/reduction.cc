#include "image/reduction.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace thumbmill {

double allowed_reduction(SizePx upright, const std::vector<RenditionSpec>& renditions) {
  double reduction = 1e9;
  for (const RenditionSpec& spec : renditions) {
    const SizePx scaled = plan_fit(upright, spec).scaled;
    reduction = std::min({reduction, upright.width / (kOversampling * scaled.width),
                          upright.height / (kOversampling * scaled.height)});
  }
  return std::max(1.0, reduction);
}

std::vector<std::size_t> largest_first(SizePx upright,
                                       const std::vector<RenditionSpec>& renditions) {
  std::vector<std::size_t> order(renditions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto area = [&](std::size_t i) {
    const SizePx scaled = plan_fit(upright, renditions[i]).scaled;
    return std::uint64_t{scaled.width} * scaled.height;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return area(a) > area(b); });
  return order;
}

}  // namespace thumbmill
