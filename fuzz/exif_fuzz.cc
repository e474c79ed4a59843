// EXIF, of which only the orientation is read.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/exif.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int orientation = exif_orientation(fuzz_text(data, size));
  THUMBMILL_CHECK(orientation >= 1 && orientation <= 8);
  return 0;
}
