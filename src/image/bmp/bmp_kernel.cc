#include "image/bmp/bmp_kernel.h"

#include "image/bmp/dib.h"
#include "image/bmp/dib_rows.h"
#include "image/byte_order.h"
#include "image/limit_checks.h"
#include "image/planar/rows.h"

namespace thumbmill::bmp {

Result<planar::Decoded> decode_bmp(std::string_view file, const ThumbnailRequest& request) {
  constexpr std::size_t kFileHeader = 14;
  if (!file.starts_with("BM") || file.size() < kFileHeader) {
    return Status(Code::corrupt_input, "the image cannot be decoded", "a BMP's file header");
  }
  const std::size_t pixels_at = little_endian_at(file, 10, 4);
  ASSIGN_OR_RETURN(const Dib dib, read_dib(file.substr(kFileHeader),
                                           pixels_at > kFileHeader ? pixels_at - kFileHeader : 0,
                                           Container::file));
  RETURN_IF_ERROR(check_size(dib.size.width, dib.size.height, request.limits));
  const planar::RowShape shape = shape_of(dib);
  RETURN_IF_ERROR(planar::admit_rows(request, shape, dib.size.width * std::uint64_t{4}));
  const auto rows = make_dib_rows(dib, shape.channels);
  ASSIGN_OR_RETURN(planar::Decoded decoded,
                   planar::reduce_rows(request, shape, [&] { return rows->next(); }));
  decoded.profile = dib.profile;
  return decoded;
}

}  // namespace thumbmill::bmp
