#include "image/heif/heif_kernel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "image/heif/container.h"
#include "image/heif/embedded_thumbnail.h"
#include "image/heif/libheif_decoder.h"
#include "image/heif/still_decoder.h"
#include "image/planar/box_reduce.h"
#include "image/reduction.h"

namespace thumbmill::heif {

Result<planar::Decoded> decode_by_tiles(std::string_view file, const ThumbnailRequest& request) {
  ASSIGN_OR_RETURN(const Container container, read_container(file));
  const Item* const primary = container.find(container.primary);
  if (primary == nullptr) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "no primary item");
  }
  ASSIGN_OR_RETURN(const OpenStill open, open_still(container, *primary, request.limits));
  const auto side =
      std::min(static_cast<std::size_t>(allowed_reduction(open.upright, request.renditions)),
               planar::kMostBoxSide);
  const std::uint64_t bytes = decoding_memory(open, side);
  RETURN_IF_ERROR(planar::ask_for_memory(request, open.upright, bytes));
  if (auto copy = decode_embedded_thumbnail(container, open, request, bytes))
    return *std::move(copy);
  return decode_still(container, open, side, side >= 2 ? BlockEdges::leave : BlockEdges::smooth);
}

Result<planar::Decoded> decode_heif(std::string_view file, const ThumbnailRequest& request) {
  Result<planar::Decoded> decoded = decode_by_tiles(file, request);
  if (decoded.ok() || decoded.status().code() != Code::unsupported) return decoded;
  Result<planar::Decoded> other = decode_by_libheif(file, request);
  // Not every libheif reads a mini box: the file is not damaged then.
  const auto container = read_container(file);
  const bool unread =
      other.status().code() == Code::corrupt_input && container.ok() && container->minimized;
  return unread ? decoded : other;
}

void warm_up_heif() { warm_up_libheif(); }

}  // namespace thumbmill::heif
