#include "service/original.h"

#include <algorithm>
#include <array>

namespace thumbmill {

Result<ImageFormat> format_of(const Blob& original, const FormatSet& formats) {
  if (original.size() == 0) return Status(Code::invalid_argument, "the file is empty");
  std::array<char, kSniffBytes> head;
  const std::size_t size = std::min<std::uint64_t>(head.size(), original.size());
  RETURN_IF_ERROR(original.read(0, std::span(head).first(size)));
  const auto format = sniff_image_format({head.data(), size});
  if (!format) return Status(Code::unsupported, "the file is not an image of a kind we know");
  RETURN_IF_ERROR(formats.check(*format));
  return *format;
}

}  // namespace thumbmill
