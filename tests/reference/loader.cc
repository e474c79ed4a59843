#include "reference/loader.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "image/limit_checks.h"
#include "image/reduction.h"

namespace thumbmill {
namespace {

struct SourceUnref {
  void operator()(VipsSource* source) const { g_object_unref(source); }
};
using VipsSourcePtr = std::unique_ptr<VipsSource, SourceUnref>;

// `reduction` >= 1 is how many times smaller it may be decoded, where the format can.
Result<VipsImagePtr> load(std::string_view bytes, ImageFormat format, double reduction) {
  const VipsSourcePtr source(vips_source_new_from_memory(bytes.data(), bytes.size()));
  if (source == nullptr) return decode_failure();
  // A truncated JPEG or GIF gives what there is of it, as browsers do; elsewhere a fault is a
  // failure.
  return make_image([&](VipsImage** out) {
    switch (format) {
      case ImageFormat::jpeg:
        return vips_jpegload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "shrink",
                                    reduction >= 8   ? 8
                                    : reduction >= 4 ? 4
                                    : reduction >= 2 ? 2
                                                     : 1,
                                    nullptr);
      case ImageFormat::png:
        return vips_pngload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                   VIPS_FAIL_ON_ERROR, nullptr);
      case ImageFormat::webp:
        return vips_webpload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "scale",
                                    reduction > 1 ? 1 / reduction : 1.0, "fail_on",
                                    VIPS_FAIL_ON_ERROR, nullptr);
      case ImageFormat::gif:
        return vips_gifload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, nullptr);
      case ImageFormat::tiff:
        return vips_tiffload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                    VIPS_FAIL_ON_ERROR, nullptr);
      case ImageFormat::heic:
      case ImageFormat::avif:
        return vips_heifload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                    VIPS_FAIL_ON_ERROR, nullptr);
      case ImageFormat::pnm:
        return vips_ppmload_source(source.get(), out, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                   VIPS_FAIL_ON_ERROR, nullptr);
      default:
        vips_error("thumbmill", "no loader for this format");
        return -1;
    }
  });
}

Status check_limits(const VipsImage* image, std::string_view bytes,
                    const ThumbnailRequest& request) {
  const ImageLimits& limits = request.limits;
  const auto width = static_cast<std::uint64_t>(vips_image_get_width(image));
  const auto height = static_cast<std::uint64_t>(vips_image_get_height(image));
  RETURN_IF_ERROR(check_size(width, height, limits));
  const auto pages =
      static_cast<std::uint32_t>(vips_image_get_n_pages(const_cast<VipsImage*>(image)));
  if (request.format == ImageFormat::tiff && pages > limits.max_pages) {
    return Status(Code::too_large,
                  fmt::format("the image has {} pages; max-pages is {}", pages, limits.max_pages));
  }
  if (request.format == ImageFormat::jpeg) {
    RETURN_IF_ERROR(check_scans(count_jpeg_scans(bytes, limits.max_scans), limits));
  }
  return Status();
}

// libvips 8.14 leaves a HEIC's or AVIF's profile and EXIF in memory that goes with
// the image it loads, and has images made of that point there: a picture copied into memory, its
// source gone, would convert its colours by what happens to be there.
Status own_metadata(VipsImage* image) {
  for (const char* field : {VIPS_META_ICC_NAME, VIPS_META_EXIF_NAME, VIPS_META_XMP_NAME}) {
    if (vips_image_get_typeof(image, field) == 0) continue;
    const void* bytes = nullptr;
    std::size_t size = 0;
    if (vips_image_get_blob(image, field, &bytes, &size) != 0) return decode_failure();
    vips_image_set_blob_copy(image, field, bytes, size);
  }
  return Status();
}

}  // namespace

void allow_known_loaders_only() {
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader :
       {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp", "VipsForeignLoadNsgif",
        "VipsForeignLoadTiff", "VipsForeignLoadHeif", "VipsForeignLoadPpm"}) {
    vips_operation_block_set(loader, FALSE);
  }
}

Result<OpenImage> open_image(std::string_view bytes, const ThumbnailRequest& request) {
  if (!image_format_info(request.format).can_decode) {
    return Status(Code::unsupported, fmt::format("{} images are not supported",
                                                 image_format_info(request.format).name));
  }
  OpenImage opened;
  ASSIGN_OR_RETURN(opened.image, load(bytes, request.format, 1));
  RETURN_IF_ERROR(check_limits(opened.image.get(), bytes, request));
  if (request.format == ImageFormat::heic || request.format == ImageFormat::avif) {
    RETURN_IF_ERROR(own_metadata(opened.image.get()));
  }
  opened.full_size = {static_cast<std::uint32_t>(vips_image_get_width(opened.image.get())),
                      static_cast<std::uint32_t>(vips_image_get_height(opened.image.get()))};
  opened.sideways = vips_image_get_orientation_swap(opened.image.get()) != 0;
  if (opened.sideways) std::swap(opened.full_size.width, opened.full_size.height);
  const double reduction = allowed_reduction(opened.full_size, request.renditions);
  const bool loader_reduces = (request.format == ImageFormat::webp && reduction > 1) ||
                              (request.format == ImageFormat::jpeg && reduction >= 2);
  if (loader_reduces) {
    ASSIGN_OR_RETURN(opened.image, load(bytes, request.format, reduction));
  }
  return opened;
}

}  // namespace thumbmill
