// Where the bytes of a HEIF file's items lie. A part of container.h, which is what others include.
#pragma once

#include <string_view>

#include "base/status.h"
#include "image/heif/container.h"

namespace thumbmill::heif {

/// Reads an iloc box (ISO/IEC 14496-12 section 8.11.3) into the items of `container`; of items that
/// it does not have nothing is kept. Fails as read_container() does.
Status read_locations(std::string_view body, Container& container);

}  // namespace thumbmill::heif
