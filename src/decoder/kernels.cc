#include "decoder/kernels.h"

#include <utility>
#include <vector>

#include "decoder/own_kernels.h"
#include "image/avif/avif_encoder.h"
#include "image/jpeg/jpeg_kernel.h"
#include "image/planar/planar_thumbnailer.h"
#include "image/png/png_kernel.h"
#include "image/thumbnailer_chain.h"
#include "image/vips/vips_thumbnailer.h"
#include "image/webp/webp_kernel.h"

namespace thumbmill {

Result<std::unique_ptr<Thumbnailer>> make_kernels() {
  RETURN_IF_ERROR(load_avif_encoder());
  ASSIGN_OR_RETURN(std::unique_ptr<VipsThumbnailer> vips, VipsThumbnailer::create());
  vips->warm_up();
  std::vector<planar::FormatEncoder> encoders = planar::own_encoders();
  encoders.push_back(avif_encoder());
  std::vector<std::unique_ptr<Thumbnailer>> links;
  links.push_back(std::make_unique<planar::PlanarThumbnailer>(
      std::vector<planar::FormatDecoder>{{ImageFormat::jpeg, jpeg::decode_jpeg},
                                         {ImageFormat::png, decode_png},
                                         {ImageFormat::webp, webp::decode_webp}},
      std::move(encoders)));
  links.push_back(std::move(vips));
  return std::unique_ptr<Thumbnailer>(std::make_unique<ThumbnailerChain>(std::move(links)));
}

std::vector<Library> libraries() {
  std::vector<Library> all = own_libraries();
  all.push_back(avif_library());
  return all;
}

}  // namespace thumbmill
