// A codestream to samples, by OpenJPEG: the only place that knows it. It works in the calling
// thread, says nothing anywhere, and gets a codestream whose header read_codestream() has checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/status.h"

struct opj_image;

namespace thumbmill::jp2 {

struct DestroyImage {
  void operator()(opj_image* image) const;
};
using Image = std::unique_ptr<opj_image, DestroyImage>;

/// The picture, smaller by two `reduction` times; the components' data, w and h are checked to be
/// there. corrupt_input: it is damaged or cut off. too_large: no memory. May throw std::bad_alloc.
Result<Image> decode_codestream(std::string_view codestream, std::uint32_t reduction);

}  // namespace thumbmill::jp2
