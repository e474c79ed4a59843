#include "decoder/own_kernels.h"

#include "image/jpeg/jpeg_thumbnailer.h"
#include "image/png/png_thumbnailer.h"
#include "image/webp/webp_thumbnailer.h"

namespace thumbmill {
namespace {

// By format, not as a chain: behind a kernel that makes no sense of its image the others would only
// say that it is not theirs.
class OwnKernels final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override {
    switch (request.format) {
      case ImageFormat::jpeg:
        return jpeg_.make(request, context);
      case ImageFormat::png:
        return png_.make(request, context);
      case ImageFormat::webp:
        return webp_.make(request, context);
      default:
        return Status(Code::unsupported, "not a format of our own kernels");
    }
  }

 private:
  JpegThumbnailer jpeg_;
  PngThumbnailer png_;
  WebpThumbnailer webp_;
};

}  // namespace

std::unique_ptr<Thumbnailer> make_own_kernels() { return std::make_unique<OwnKernels>(); }

}  // namespace thumbmill
