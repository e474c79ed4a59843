#include "decoder/kernels.h"

#include <utility>
#include <vector>

#include "decoder/own_kernels.h"
#include "image/thumbnailer_chain.h"
#include "image/vips/vips_thumbnailer.h"

namespace thumbmill {

Result<std::unique_ptr<Thumbnailer>> make_kernels() {
  ASSIGN_OR_RETURN(std::unique_ptr<VipsThumbnailer> vips, VipsThumbnailer::create());
  vips->warm_up();
  std::vector<std::unique_ptr<Thumbnailer>> links;
  links.push_back(make_own_kernels());
  links.push_back(std::move(vips));
  return std::unique_ptr<Thumbnailer>(std::make_unique<ThumbnailerChain>(std::move(links)));
}

}  // namespace thumbmill
