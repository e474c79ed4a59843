#include "sandbox/process_kind.h"

#include <algorithm>

#include "model/rendition_pixels.h"

namespace thumbmill {
namespace {

// The formats that we have decoders of our own for. What a decoder that was taken over is given
// afterwards it sees, so that no other code decodes one image after another.
bool is_decoded_in_shared(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg:
    case ImageFormat::png:
    case ImageFormat::webp:
    case ImageFormat::gif:
    case ImageFormat::bmp:
    case ImageFormat::ico:
    case ImageFormat::pnm:
    case ImageFormat::tga:
    case ImageFormat::psd:
      return true;
    default:
      return false;
  }
}

bool is_encoded_in_shared(ImageFormat format) {
  return format == ImageFormat::jpeg || format == ImageFormat::png || format == ImageFormat::webp;
}

}  // namespace

bool may_share_process(const ThumbnailRequest& request) {
  return is_decoded_in_shared(request.format) &&
         writing_allowance(request.renditions, request.limits.max_rendition_pixels) <=
             kLongestSharedWriting &&
         std::all_of(request.renditions.begin(), request.renditions.end(),
                     [](const RenditionSpec& spec) {
                       return !spec.format || is_encoded_in_shared(*spec.format);
                     });
}

}  // namespace thumbmill
