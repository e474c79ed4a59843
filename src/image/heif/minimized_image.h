// A "mini" box as the items, properties and references that it stands for (ISO/IEC 23008-12:2025
// amendment 2, section O.4), so that the rest of the kernel knows one kind of container. A gain
// map, Exif and XMP become no items: no thumbnail depends on them. Internal to image/heif.
#pragma once

#include <string_view>

#include "base/status.h"
#include "image/heif/container.h"

namespace thumbmill::heif {

/// Fills `container`, which has its file and no items yet. `body` is the mini box's, a part of that
/// file; `file_type` is the body of the ftyp box, whose minor version names the codec where the
/// mini box does not. corrupt_input, unsupported: as read_minimized_box(); unsupported as well for
/// other codecs than HEVC and AV1.
Status read_minimized_image(std::string_view body, std::string_view file_type,
                            Container& container);

}  // namespace thumbmill::heif
