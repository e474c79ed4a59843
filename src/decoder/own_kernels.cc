#include "decoder/own_kernels.h"

#include <utility>
#include <vector>

#include "image/jpeg/jpeg_thumbnailer.h"
#include "image/png/png_thumbnailer.h"
#include "image/thumbnailer_chain.h"
#include "image/webp/webp_thumbnailer.h"

namespace thumbmill {

std::unique_ptr<Thumbnailer> make_own_kernels() {
  std::vector<std::unique_ptr<Thumbnailer>> links;
  links.push_back(std::make_unique<JpegThumbnailer>());
  links.push_back(std::make_unique<PngThumbnailer>());
  links.push_back(std::make_unique<WebpThumbnailer>());
  return std::make_unique<ThumbnailerChain>(std::move(links));
}

}  // namespace thumbmill
