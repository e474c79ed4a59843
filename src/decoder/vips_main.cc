// thumbmill-vips: the zygote of the processes that have one image each, of any format. Started by a
// DecoderPool; docs/sandbox.md.
#include <cstdio>

#include <sysexits.h>

#include "decoder/kernels.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

int main() {
  using namespace thumbmill;
  const auto kernels = make_kernels();
  if (!kernels.ok()) {
    std::fprintf(stderr, "thumbmill-vips: %s\n", kernels.status().to_string().c_str());
    return EX_SOFTWARE;
  }
  return zygote_main(kDecoderSocket, **kernels);
}
