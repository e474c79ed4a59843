// Ownership and failures of libvips' C objects. Internal to tests/reference.
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
Status vips_failure(Code code, std::string message);

/// The failure of a step on the pixels, which are read only then. The image is to blame: too_large
/// when memory ran out, unsupported for a variant of its format that is not read (12-bit JPEG, a
/// TIFF in separate tiles), else corrupt_input. Only the libraries' words tell which.
Status decode_failure();

/// Runs `operation(VipsImage** out)`, a libvips call that returns 0 and sets *out.
template <typename Operation>
Result<VipsImagePtr> make_image(Operation operation) {
  VipsImage* out = nullptr;
  if (operation(&out) != 0) return decode_failure();
  return VipsImagePtr(out);
}

}  // namespace thumbmill
