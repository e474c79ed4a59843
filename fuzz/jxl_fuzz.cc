// The JPEG XL kernel: libjxl behind our limits, rows that come in any order, and what is made of
// the colours it names.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/jxl/jxl_kernel.h"
#include "kernel_fuzz.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_kernel(jxl::decode_jxl, fuzz_text(data, size));
  return 0;
}
