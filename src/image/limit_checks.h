// The limits on an image's header, in one place, so that every kernel refuses the same images in
// the same words. Looks at numbers and bytes only; who reads the header is the kernel's matter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/limits.h"
#include "model/rendition.h"

namespace thumbmill {

/// ok, or too_large naming max-side or max-pixels and the sizes.
Status check_size(std::uint64_t width_px, std::uint64_t height_px, const ImageLimits& limits);

/// Whether so many bytes can be allocated now (RLIMIT_AS, getrlimit(2)). Takes no memory, only
/// addresses, for a moment. For libraries that end the process when an allocation fails, or do not
/// say that one did.
bool has_room(std::uint64_t bytes);

/// too_large, for an image whose decoding found no more memory: its header announced less, or a
/// process has no more.
Status no_memory(std::string detail = {});

/// ok, or too_large naming max-scans, for a JPEG in which `scans` were counted.
Status check_scans(std::uint32_t scans, const ImageLimits& limits);

/// What the first frame header (SOF, ITU-T T.81 B.2.2) of a JPEG says, in any coding process; 0 x 0
/// without one before the first scan.
SizePx jpeg_frame_size(std::string_view bytes);

/// Scans (SOS markers, ITU-T T.81 B.2.3) of a JPEG up to its EOI; stops counting above `most`.
/// Costs a memchr over the file.
std::uint32_t count_jpeg_scans(std::string_view bytes, std::uint32_t most);

}  // namespace thumbmill
