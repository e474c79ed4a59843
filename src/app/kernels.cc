#include "app/kernels.h"

#include <utility>
#include <vector>

#include "image/jpeg/jpeg_thumbnailer.h"
#include "image/png/png_thumbnailer.h"
#include "image/thumbnailer_chain.h"
#include "image/vips/vips_thumbnailer.h"
#include "image/webp/webp_thumbnailer.h"

namespace thumbmill {

Result<std::unique_ptr<Thumbnailer>> make_kernels() {
  ASSIGN_OR_RETURN(std::unique_ptr<VipsThumbnailer> vips, VipsThumbnailer::create());
  vips->warm_up();
  std::vector<std::unique_ptr<Thumbnailer>> links;
  links.push_back(std::make_unique<JpegThumbnailer>());
  links.push_back(std::make_unique<PngThumbnailer>());
  links.push_back(std::make_unique<WebpThumbnailer>());
  links.push_back(std::move(vips));
  return std::unique_ptr<Thumbnailer>(std::make_unique<ThumbnailerChain>(std::move(links)));
}

}  // namespace thumbmill
