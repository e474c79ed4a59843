// thumbmill-decoder: the zygote of the processes that images share. It has our own kernels only,
// and few libraries, so that a fork costs little. Started by a DecoderPool; docs/sandbox.md.
#include "decoder/own_kernels.h"
#include "decoder/print_libraries.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

int main(int argc, char** argv) {
  using namespace thumbmill;
  if (asks_for_libraries(argc, argv)) return print_libraries(own_libraries());
  const auto kernels = make_own_kernels();
  return zygote_main(kDecoderSocket, *kernels);
}
