// What an original's first bytes say it is. The bytes decide, never a name or a declared type.
#pragma once

#include "base/blob.h"
#include "base/status.h"
#include "model/format_set.h"

namespace thumbmill {

/// The format by the magic bytes, when `formats` has it. invalid_argument: empty. unsupported: not
/// an image, or of a format that is not taken.
Result<ImageFormat> format_of(const Blob& original, const FormatSet& formats);

}  // namespace thumbmill
