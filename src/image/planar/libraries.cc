#include "image/planar/libraries.h"

#include <cstddef>
#include <cstdio>

#include <fmt/format.h>
#include <jpeglib.h>
#include <lcms2.h>
#include <libdeflate.h>
#include <webp/decode.h>

namespace thumbmill::planar {
namespace {

#define THUMBMILL_TEXT_OF(macro) #macro
#define THUMBMILL_VALUE_OF(macro) THUMBMILL_TEXT_OF(macro)

// Hexadecimal: 0x010204 is 1.2.4.
std::string webp_version() {
  const int version = WebPGetDecoderVersion();
  return fmt::format("{}.{}.{}", version >> 16, version >> 8 & 0xff, version & 0xff);
}

// 2140 is 2.14.
std::string lcms_version() {
  const int version = cmsGetEncodedCMMversion();
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

std::vector<Library> libraries() {
  return {{"libjpeg-turbo", THUMBMILL_VALUE_OF(LIBJPEG_TURBO_VERSION)},
          {"Little CMS", lcms_version()},
          {"libdeflate", LIBDEFLATE_VERSION_STRING},
          {"libwebp", webp_version()}};
}

}  // namespace thumbmill::planar
