#include "decoder/own_kernels.h"

#include "image/jpeg/jpeg_kernel.h"
#include "image/planar/libraries.h"
#include "image/planar/planar_thumbnailer.h"
#include "image/png/png_kernel.h"
#include "image/webp/webp_kernel.h"

namespace thumbmill {

std::unique_ptr<Thumbnailer> make_own_kernels() {
  return std::make_unique<planar::PlanarThumbnailer>(
      std::vector<planar::FormatDecoder>{{ImageFormat::jpeg, jpeg::decode_jpeg},
                                         {ImageFormat::png, decode_png},
                                         {ImageFormat::webp, webp::decode_webp}},
      planar::own_encoders());
}

std::vector<Library> own_libraries() { return planar::libraries(); }

}  // namespace thumbmill
