// Ownership and failures of libvips' C objects. Internal to image/vips.
#pragma once

#include <memory>
#include <string>

#include <vips/vips.h>

#include "base/status.h"

namespace thumbmill {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
/// One reference to an image; libvips images are immutable.
using VipsImagePtr = std::unique_ptr<VipsImage, Unref>;

/// The failure that libvips' error buffer describes, which is emptied.
inline Status vips_failure(Code code, std::string message) {
  std::string detail = vips_error_buffer();
  vips_error_clear();
  while (!detail.empty() && detail.back() == '\n') detail.pop_back();
  return Status(code, std::move(message), std::move(detail));
}

/// The failure of a step on the pixels, which are read only then: the image is to blame, for its
/// size when memory ran out (in libvips' words, or libjpeg's), else for its contents.
inline Status decode_failure() {
  Status failure = vips_failure(Code::corrupt_input, "the image cannot be decoded");
  for (const char* words : {"out of memory", "Insufficient memory"}) {
    if (failure.detail().find(words) != std::string::npos) {
      return Status(Code::too_large, "the image takes more than decoder-memory to decode",
                    failure.detail());
    }
  }
  return failure;
}

/// Runs `operation(VipsImage** out)`, a libvips call that returns 0 and sets *out.
template <typename Operation>
Result<VipsImagePtr> make_image(Operation operation) {
  VipsImage* out = nullptr;
  if (operation(&out) != 0) return decode_failure();
  return VipsImagePtr(out);
}

}  // namespace thumbmill
