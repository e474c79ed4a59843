#include "image/reduction.h"

#include <algorithm>

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

}  // namespace thumbmill
