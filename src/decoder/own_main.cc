// thumbmill-decoder: the zygote of the processes that JPEGs, PNGs and WebPs share. It has our own
// kernels and no libvips, whose hundred libraries would make each fork several times dearer.
// Started by a DecoderPool; docs/sandbox.md.
#include "decoder/own_kernels.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

int main() {
  const auto kernels = thumbmill::make_own_kernels();
  return thumbmill::zygote_main(thumbmill::kDecoderSocket, *kernels);
}
