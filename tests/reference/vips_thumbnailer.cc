#include "reference/vips_thumbnailer.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>
#include <libdeflate.h>

#include "image/blurhash.h"
#include "image/reduction.h"
#include "reference/encoder.h"
#include "reference/loader.h"
#include "reference/vips_image.h"

namespace thumbmill {
namespace {

constexpr std::uint32_t kPlaceholderSide = 32;

// Resized in the source's own orientation and colours: everything after it works on few pixels.
// Transparent pixels must not bleed into their neighbours, hence the multiplication by alpha.
Result<VipsImagePtr> resize(VipsImage* source, SizePx size) {
  const double scale_x = static_cast<double>(size.width) / vips_image_get_width(source);
  const double scale_y = static_cast<double>(size.height) / vips_image_get_height(source);
  VipsImage* from = source;
  VipsImagePtr premultiplied;
  const bool has_alpha = vips_image_hasalpha(source) != 0;
  if (has_alpha) {
    ASSIGN_OR_RETURN(premultiplied, make_image([&](VipsImage** out) {
                       return vips_premultiply(source, out, nullptr);
                     }));
    from = premultiplied.get();
  }
  ASSIGN_OR_RETURN(VipsImagePtr resized, make_image([&](VipsImage** out) {
                     return vips_resize(from, out, scale_x, "vscale", scale_y, nullptr);
                   }));
  if (!has_alpha) return resized;
  ASSIGN_OR_RETURN(VipsImagePtr straight, make_image([&](VipsImage** out) {
                     return vips_unpremultiply(resized.get(), out, nullptr);
                   }));
  return make_image([&](VipsImage** out) {
    return vips_cast(straight.get(), out, vips_image_get_format(source), nullptr);
  });
}

// Whether the profile is one of the two editions of "sRGB IEC61966-2.1" by Hewlett-Packard, which
// image editors have put into files for decades: what it converts to sRGB stays the same but for
// one level in 0.4 % of all values, and finding that out takes as long as to decode a million
// pixels. libpng, too, knows it by its checksum.
bool is_common_srgb(VipsImage* image) {
  const void* profile = nullptr;
  std::size_t size = 0;
  constexpr std::size_t kSize = 3144;
  if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) == 0 ||
      vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &size) != 0 || size != kSize) {
    return false;
  }
  const std::uint32_t checksum = libdeflate_crc32(0, profile, size);
  return checksum == 0xf29e526d || checksum == 0x182ea552;
}

// In 8-bit sRGB with three bands, or four with alpha. A profile that cannot be used is ignored:
// a picture with slightly wrong colours is worth more than none.
Result<VipsImagePtr> to_srgb(VipsImage* image) {
  const VipsInterpretation space = vips_image_get_interpretation(image);
  const bool cmyk = space == VIPS_INTERPRETATION_CMYK;
  const bool in_srgb = space == VIPS_INTERPRETATION_sRGB && is_common_srgb(image);
  if (!in_srgb && (cmyk || vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0)) {
    auto managed = make_image([&](VipsImage** out) {
      return vips_icc_transform(image, out, "srgb", "embedded", TRUE, "input_profile",
                                cmyk ? "cmyk" : "srgb", "intent", VIPS_INTENT_RELATIVE, "depth", 8,
                                nullptr);
    });
    if (managed.ok()) return managed;
  }
  ASSIGN_OR_RETURN(VipsImagePtr converted, make_image([&](VipsImage** out) {
                     return vips_colourspace(image, out, VIPS_INTERPRETATION_sRGB, nullptr);
                   }));
  return make_image(
      [&](VipsImage** out) { return vips_cast(converted.get(), out, VIPS_FORMAT_UCHAR, nullptr); });
}

Result<bool> is_transparent(VipsImage* image) {
  if (vips_image_hasalpha(image) == 0) return false;
  ASSIGN_OR_RETURN(const VipsImagePtr alpha, make_image([&](VipsImage** out) {
                     return vips_extract_band(image, out, vips_image_get_bands(image) - 1, nullptr);
                   }));
  double least = 255;
  if (vips_min(alpha.get(), &least, nullptr) != 0) return decode_failure();
  return least < 255;
}

Result<VipsImagePtr> flatten(VipsImage* image, Color background) {
  const double color[] = {double(background.red), double(background.green),
                          double(background.blue)};
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> array(
      vips_array_double_new(color, 3), [](VipsArrayDouble* a) { vips_area_unref(VIPS_AREA(a)); });
  return make_image([&](VipsImage** out) {
    return vips_flatten(image, out, "background", array.get(), nullptr);
  });
}

// Cuts the centre out, then puts it in the centre of the canvas.
Result<VipsImagePtr> place(VipsImagePtr image, const FitPlan& plan, const RenditionSpec& spec,
                           ImageFormat format) {
  if (plan.crop != plan.scaled) {
    ASSIGN_OR_RETURN(
        image, make_image([&](VipsImage** out) {
          return vips_extract_area(
              image.get(), out, static_cast<int>((plan.scaled.width - plan.crop.width) / 2),
              static_cast<int>((plan.scaled.height - plan.crop.height) / 2),
              static_cast<int>(plan.crop.width), static_cast<int>(plan.crop.height), nullptr);
        }));
  }
  if (plan.canvas == plan.crop) return image;
  const bool clear = !spec.background && format != ImageFormat::jpeg;
  if (clear && vips_image_hasalpha(image.get()) == 0) {
    ASSIGN_OR_RETURN(image, make_image([&](VipsImage** out) {
                       return vips_addalpha(image.get(), out, nullptr);
                     }));
  }
  const Color color = spec.background.value_or(Color());
  const double opaque[] = {double(color.red), double(color.green), double(color.blue), 255};
  const double nothing[] = {0, 0, 0, 0};
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> background(
      vips_array_double_new(clear ? nothing : opaque, vips_image_get_bands(image.get())),
      [](VipsArrayDouble* a) { vips_area_unref(VIPS_AREA(a)); });
  return make_image([&](VipsImage** out) {
    return vips_gravity(image.get(), out, VIPS_COMPASS_DIRECTION_CENTRE,
                        static_cast<int>(plan.canvas.width), static_cast<int>(plan.canvas.height),
                        "extend", VIPS_EXTEND_BACKGROUND, "background", background.get(), nullptr);
  });
}

// Placeholder hash and mean colour, both of the picture on white where it is transparent.
Status describe(VipsImage* image, RenditionResult& facts) {
  VipsImagePtr opaque;
  if (vips_image_hasalpha(image) != 0) {
    ASSIGN_OR_RETURN(opaque, flatten(image, Color()));
    image = opaque.get();
  }
  const double scale =
      std::min(1.0, double(kPlaceholderSide) / std::max(facts.size.width, facts.size.height));
  ASSIGN_OR_RETURN(const VipsImagePtr small, make_image([&](VipsImage** out) {
                     return vips_resize(image, out, scale, "kernel", VIPS_KERNEL_LINEAR, nullptr);
                   }));
  std::size_t size = 0;
  const std::unique_ptr<void, decltype(&g_free)> pixels(
      vips_image_write_to_memory(small.get(), &size), &g_free);
  if (pixels == nullptr) return decode_failure();
  const std::span<const std::uint8_t> bytes(static_cast<const std::uint8_t*>(pixels.get()), size);
  facts.placeholder = blurhash(bytes, static_cast<std::size_t>(vips_image_get_width(small.get())),
                               static_cast<std::size_t>(vips_image_get_height(small.get())));
  std::uint64_t sums[3] = {};
  for (std::size_t i = 0; i < bytes.size(); ++i) sums[i % 3] += bytes[i];
  const std::uint64_t count = bytes.size() / 3;
  const auto mean = [&](int band) { return static_cast<std::uint8_t>(sums[band] / count); };
  facts.color = color_to_string({mean(0), mean(1), mean(2)});
  return Status();
}

Result<VipsImagePtr> in_memory(VipsImage* image) {
  return make_image([&](VipsImage** out) {
    *out = vips_image_copy_memory(image);
    return *out == nullptr ? -1 : 0;
  });
}

// The smallest that is large enough; the first one is the source.
VipsImage* source_for(SizePx scaled, const std::vector<VipsImagePtr>& pictures) {
  for (std::size_t i = pictures.size(); i-- > 1;) {
    VipsImage* const picture = pictures[i].get();
    if (vips_image_get_width(picture) >= kOversampling * scaled.width &&
        vips_image_get_height(picture) >= kOversampling * scaled.height) {
      return picture;
    }
  }
  return pictures.front().get();
}

// `pictures` are the source, neither reduced nor upright, and what has been made of it so far.
Result<MadeRendition> make_rendition(const OpenImage& source, std::vector<VipsImagePtr>& pictures,
                                     const RenditionSpec& spec) {
  const FitPlan plan = plan_fit(source.full_size, spec);
  SizePx scaled = plan.scaled;
  if (source.sideways) std::swap(scaled.width, scaled.height);
  ASSIGN_OR_RETURN(VipsImagePtr image, resize(source_for(scaled, pictures), scaled));
  // From here on everything may be read in any order, which rotating needs.
  ASSIGN_OR_RETURN(image, in_memory(image.get()));
  pictures.push_back(std::move(image));
  ASSIGN_OR_RETURN(image, make_image([&](VipsImage** out) {
                     return vips_autorot(pictures.back().get(), out, nullptr);
                   }));
  ASSIGN_OR_RETURN(image, to_srgb(image.get()));
  // What follows counts on it: a TIFF may have bands that are no colours.
  if (const int bands = vips_image_get_bands(image.get()); bands != 3 && bands != 4) {
    return Status(Code::unsupported, "the image's channels are not those of a picture");
  }
  ASSIGN_OR_RETURN(const bool transparent, is_transparent(image.get()));
  const bool keep_alpha = transparent && !spec.background;
  const ImageFormat format =
      spec.format.value_or(keep_alpha ? ImageFormat::png : ImageFormat::jpeg);
  if (vips_image_hasalpha(image.get()) != 0 && (!keep_alpha || format == ImageFormat::jpeg)) {
    ASSIGN_OR_RETURN(image, flatten(image.get(), spec.background.value_or(Color())));
  }
  ASSIGN_OR_RETURN(image, place(std::move(image), plan, spec, format));
  MadeRendition made;
  made.facts.name = spec.name;
  made.facts.format = format;
  made.facts.size = {static_cast<std::uint32_t>(vips_image_get_width(image.get())),
                     static_cast<std::uint32_t>(vips_image_get_height(image.get()))};
  ASSIGN_OR_RETURN(std::string bytes, encode_image(image.get(), format, spec.quality));
  RETURN_IF_ERROR(describe(image.get(), made.facts));
  made.facts.size_bytes = bytes.size();
  made.bytes = Blob(std::move(bytes));
  return made;
}

}  // namespace

Result<std::unique_ptr<VipsThumbnailer>> VipsThumbnailer::create() {
  if (vips_init("thumbmill") != 0) return vips_failure(Code::internal, "libvips cannot start");
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  allow_known_loaders_only();
  return std::unique_ptr<VipsThumbnailer>(new VipsThumbnailer());
}

Result<Thumbnails> VipsThumbnailer::make(const ThumbnailRequest& request, const OpContext&) {
  RETURN_IF_ERROR(validate(request.renditions));
  ASSIGN_OR_RETURN(const BlobView source, request.source.view());
  ASSIGN_OR_RETURN(OpenImage opened, open_image(source.bytes(), request));
  // One rendition streams through; several share one decoded picture.
  if (request.renditions.size() > 1) {
    ASSIGN_OR_RETURN(opened.image, in_memory(opened.image.get()));
  }
  std::vector<VipsImagePtr> pictures;
  pictures.push_back(std::move(opened.image));
  Thumbnails thumbnails;
  thumbnails.source_size = opened.full_size;
  thumbnails.renditions.resize(request.renditions.size());
  for (const std::size_t i : largest_first(opened.full_size, request.renditions)) {
    ASSIGN_OR_RETURN(thumbnails.renditions[i],
                     make_rendition(opened, pictures, request.renditions[i]));
  }
  return thumbnails;
}

}  // namespace thumbmill
