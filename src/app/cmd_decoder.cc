#include <cstdio>

#include <sysexits.h>

#include "app/commands.h"
#include "app/setting_flags.h"
#include "image/vips/vips_thumbnailer.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

namespace thumbmill {

int cmd_decoder(int argc, char**) {
  if (argc > 1) {
    std::fputs("thumbmill: decoder is started by the program itself and takes no arguments\n",
               stderr);
    return EX_USAGE;
  }
  const Result<std::unique_ptr<VipsThumbnailer>> thumbnailer = VipsThumbnailer::create();
  if (!thumbnailer.ok()) return fail(thumbnailer.status());
  (*thumbnailer)->warm_up();
  return zygote_main(kDecoderSocket, **thumbnailer);
}

}  // namespace thumbmill
