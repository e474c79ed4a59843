#include <dav1d/dav1d.h>
#include <fmt/format.h>
#include <jxl/decode.h>
#include <libde265/de265.h>
#include <libheif/heif.h>
#include <openjpeg.h>
#include <tiffio.h>

#include "decoder/kernels.h"
#include "decoder/own_kernels.h"

namespace thumbmill {
namespace {

// "LIBTIFF, Version 4.5.0" and lines of copyright.
std::string tiff_version() {
  constexpr std::string_view kName = "Version ";
  std::string_view text = TIFFGetVersion();
  const std::size_t at = text.find(kName);
  if (at == std::string_view::npos) return std::string(text);
  text.remove_prefix(at + kName.size());
  return std::string(text.substr(0, text.find('\n')));
}

// 7002 is 0.7.2.
std::string jxl_version() {
  const std::uint32_t version = JxlDecoderVersion();
  return fmt::format("{}.{}.{}", version / 1'000'000, version / 1000 % 1000, version % 1000);
}

}  // namespace

std::vector<Library> libraries() {
  std::vector<Library> all = own_libraries();
  all.insert(all.end(), {{"libtiff", tiff_version()},
                         {"libheif", heif_get_version()},
                         {"libde265", de265_get_version()},
                         {"dav1d", dav1d_version()},
                         {"libjxl", jxl_version()},
                         {"OpenJPEG", opj_version()}});
  return all;
}

}  // namespace thumbmill
