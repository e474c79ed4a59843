#include "decoder/kernels.h"

#include <utility>
#include <vector>

#include "decoder/own_kernels.h"
#include "image/avif/avif_encoder.h"
#include "image/heif/heif_kernel.h"
#include "image/jp2/jp2_kernel.h"
#include "image/jxl/jxl_encoder.h"
#include "image/jxl/jxl_kernel.h"
#include "image/planar/planar_thumbnailer.h"
#include "image/tiff/tiff_kernel.h"

namespace thumbmill {

Result<std::unique_ptr<Thumbnailer>> make_kernels() {
  RETURN_IF_ERROR(load_avif_encoder());
  heif::warm_up_heif();
  std::vector<planar::FormatDecoder> decoders = own_decoders();
  decoders.insert(decoders.end(), {{ImageFormat::tiff, tiff::decode_tiff},
                                   {ImageFormat::heic, heif::decode_heif},
                                   {ImageFormat::avif, heif::decode_heif},
                                   {ImageFormat::jxl, jxl::decode_jxl},
                                   {ImageFormat::jp2, jp2::decode_jp2}});
  std::vector<planar::FormatEncoder> encoders = planar::own_encoders();
  encoders.push_back(avif_encoder());
  encoders.push_back(jxl::jxl_encoder());
  return std::unique_ptr<Thumbnailer>(
      std::make_unique<planar::PlanarThumbnailer>(std::move(decoders), std::move(encoders)));
}

}  // namespace thumbmill
