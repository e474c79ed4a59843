#include "decoder/own_kernels.h"

#include "image/bmp/bmp_kernel.h"
#include "image/bmp/ico_kernel.h"
#include "image/gif/gif_kernel.h"
#include "image/jpeg/jpeg_kernel.h"
#include "image/planar/libraries.h"
#include "image/png/png_kernel.h"
#include "image/pnm/pnm_kernel.h"
#include "image/psd/psd_kernel.h"
#include "image/tga/tga_kernel.h"
#include "image/webp/webp_kernel.h"

namespace thumbmill {
namespace {

Result<planar::Decoded> decode_ico(std::string_view file, const ThumbnailRequest& request) {
  return bmp::decode_ico(file, request, decode_png);
}

}  // namespace

std::vector<planar::FormatDecoder> own_decoders() {
  return {{ImageFormat::jpeg, jpeg::decode_jpeg}, {ImageFormat::png, decode_png},
          {ImageFormat::webp, webp::decode_webp}, {ImageFormat::gif, gif::decode_gif},
          {ImageFormat::bmp, bmp::decode_bmp},    {ImageFormat::ico, decode_ico},
          {ImageFormat::pnm, pnm::decode_pnm},    {ImageFormat::tga, tga::decode_tga},
          {ImageFormat::psd, psd::decode_psd}};
}

std::unique_ptr<Thumbnailer> make_own_kernels() {
  return std::make_unique<planar::PlanarThumbnailer>(own_decoders(), planar::own_encoders());
}

std::vector<Library> own_libraries() { return planar::libraries(); }

}  // namespace thumbmill
