// The JPEG 2000 kernel: boxes, the main header, OpenJPEG behind them, palettes and channels.
#include "base/status.h"
#include "fuzz_target.h"
#include "image/jp2/jp2_kernel.h"
#include "kernel_fuzz.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz_kernel(jp2::decode_jp2, fuzz_text(data, size));
  return 0;
}
