#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "image/vips/loader.h"
#include "image/vips/vips_image.h"
#include "image/vips/vips_thumbnailer.h"

namespace thumbmill {
namespace {

using namespace std::string_view_literals;

constexpr int kSide = 64;

// Enough of each format for its library to be loaded and set up before it is refused: libheif looks
// for codecs in a directory.
constexpr std::array<std::pair<ImageFormat, std::string_view>, 6> kBeginnings{
    {{ImageFormat::jpeg, "\xff\xd8\xff\xe0"sv},
     {ImageFormat::png, "\x89PNG\r\n\x1a\n"sv},
     {ImageFormat::webp, "RIFF\x10\0\0\0WEBPVP8 "sv},
     {ImageFormat::gif, "GIF89a"sv},
     {ImageFormat::tiff, "II*\0"sv},
     {ImageFormat::avif, "\0\0\0\x18\146typavif\0\0\0\0avifmif1"sv}}};

void touch_loaders() {
  for (const auto& [format, bytes] : kBeginnings) {
    ThumbnailRequest request;
    request.format = format;
    request.renditions = {RenditionSpec()};
    (void)open_image(bytes, request);  // it cannot but fail
  }
}

// Their classes only: to save is to start threads.
void touch_savers() {
  for (const char* name : {"VipsForeignSaveJpegBuffer", "VipsForeignSavePngBuffer",
                           "VipsForeignSaveWebpBuffer", "VipsForeignSaveHeifBuffer"}) {
    const GType type = g_type_from_name(name);
    // Kept for good, as the class is.
    if (type != 0) g_type_class_ref(type);
  }
}

// The pixels of a pipeline, in this thread: libvips' own ways to all pixels start others.
void compute(VipsImage* image) {
  VipsRegion* region = vips_region_new(image);
  const VipsRect all{0, 0, vips_image_get_width(image), vips_image_get_height(image)};
  vips_region_prepare(region, &all);
  g_object_unref(region);
}

Status touch_operations() {
  std::vector<std::uint8_t> pixels(std::size_t{kSide} * kSide * 4, 128);
  ASSIGN_OR_RETURN(const VipsImagePtr source, make_image([&](VipsImage** out) {
                     *out = vips_image_new_from_memory(pixels.data(), pixels.size(), kSide, kSide,
                                                       4, VIPS_FORMAT_UCHAR);
                     return *out == nullptr ? -1 : 0;
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr colored, make_image([&](VipsImage** out) {
                     return vips_copy(source.get(), out, "interpretation", VIPS_INTERPRETATION_sRGB,
                                      nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr multiplied, make_image([&](VipsImage** out) {
                     return vips_premultiply(colored.get(), out, nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr small, make_image([&](VipsImage** out) {
                     return vips_resize(multiplied.get(), out, 0.3, nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr divided, make_image([&](VipsImage** out) {
                     return vips_unpremultiply(small.get(), out, nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr bytes, make_image([&](VipsImage** out) {
                     return vips_cast(divided.get(), out, VIPS_FORMAT_UCHAR, nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr managed, make_image([&](VipsImage** out) {
                     return vips_icc_transform(bytes.get(), out, "srgb", "input_profile", "srgb",
                                               nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr turned, make_image([&](VipsImage** out) {
                     return vips_autorot(managed.get(), out, nullptr);
                   }));
  ASSIGN_OR_RETURN(const VipsImagePtr flat, make_image([&](VipsImage** out) {
                     return vips_flatten(turned.get(), out, nullptr);
                   }));
  compute(flat.get());
  ASSIGN_OR_RETURN(const VipsImagePtr lab, make_image([&](VipsImage** out) {
                     return vips_colourspace(colored.get(), out, VIPS_INTERPRETATION_LAB, nullptr);
                   }));
  compute(lab.get());
  // CMYK's profile, too, is part of libvips, and looked for when it is wanted first.
  VipsBlob* profile = nullptr;
  if (vips_profile_load("cmyk", &profile, nullptr) == 0) vips_area_unref(VIPS_AREA(profile));
  return Status();
}

}  // namespace

void VipsThumbnailer::warm_up() {
  touch_loaders();
  touch_savers();
  // What fails here would be done again for the first image, and reported with it.
  (void)touch_operations();
  vips_error_clear();
}

}  // namespace thumbmill
