// The sniffer reads the first bytes of every upload, outside the sandbox.
#include <string>

#include "base/status.h"
#include "fuzz_target.h"
#include "model/image_format.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view head = fuzz_text(data, size);
  const auto format = sniff_image_format(head);
  // Nothing behind the prefix that callers read may matter.
  THUMBMILL_CHECK(sniff_image_format(head.substr(0, kSniffBytes)) == format);
  THUMBMILL_CHECK(sniff_image_format(std::string(head) + "tail") == format || size < kSniffBytes);
  if (format) THUMBMILL_CHECK(image_format_info(*format).format == *format);
  return 0;
}
