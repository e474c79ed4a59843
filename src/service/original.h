// What an original's first bytes say it is. The bytes decide, never a name or a declared type.
#pragma once

#include "base/blob.h"
#include "base/status.h"
#include "model/image_format.h"

namespace thumbmill {

/// The format by the magic bytes, when it is one that we decode. invalid_argument: empty.
/// unsupported: not an image, or of a kind that is not decoded.
Result<ImageFormat> format_of(const Blob& original);

}  // namespace thumbmill
