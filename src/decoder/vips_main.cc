// thumbmill-vips: the zygote of the processes that have one image each, which libvips decodes.
// Started by a DecoderPool; docs/sandbox.md.
#include <cstdio>

#include <sysexits.h>

#include "image/vips/vips_thumbnailer.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

int main() {
  using namespace thumbmill;
  const auto vips = VipsThumbnailer::create();
  if (!vips.ok()) {
    std::fprintf(stderr, "thumbmill-vips: %s\n", vips.status().to_string().c_str());
    return EX_SOFTWARE;
  }
  (*vips)->warm_up();
  return zygote_main(kDecoderSocket, **vips);
}
