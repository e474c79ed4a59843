#include <cstdio>

#include <sysexits.h>

#include "app/commands.h"
#include "app/kernels.h"
#include "app/setting_flags.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

namespace thumbmill {

int cmd_decoder(int argc, char**) {
  if (argc > 1) {
    std::fputs("thumbmill: decoder is started by the program itself and takes no arguments\n",
               stderr);
    return EX_USAGE;
  }
  const Result<std::unique_ptr<Thumbnailer>> thumbnailer = make_kernels();
  if (!thumbnailer.ok()) return fail(thumbnailer.status());
  return zygote_main(kDecoderSocket, **thumbnailer);
}

}  // namespace thumbmill
