// thumbmill-codecs: the zygote of the processes that have one image each, of any format. Started by
// a DecoderPool; docs/sandbox.md.
#include <cstdio>

#include <sysexits.h>

#include "decoder/kernels.h"
#include "decoder/print_libraries.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

int main(int argc, char** argv) {
  using namespace thumbmill;
  if (asks_for_libraries(argc, argv)) return print_libraries(libraries());
  const auto kernels = make_kernels();
  if (!kernels.ok()) {
    std::fprintf(stderr, "thumbmill-codecs: %s\n", kernels.status().to_string().c_str());
    return EX_SOFTWARE;
  }
  return zygote_main(kDecoderSocket, **kernels);
}
