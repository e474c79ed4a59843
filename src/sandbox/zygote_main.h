// The life of a zygote: wait for orders, fork a process for each, confine it, bury it and report
// how it ended, until the pool is gone. It has one thread and never sees a byte of an image.
#pragma once

#include <functional>

#include "image/thumbnailer.h"

namespace thumbmill {

/// What a forked process does with the descriptor of its socket, once it is confined; its exit
/// code.
using DecoderBody = std::function<int(int socket)>;

/// Serves the pool at `socket`; returns the process's exit code. `decode` runs in the forked
/// processes only. Everything that they must not open is loaded by now, and no thread runs.
int zygote_main(int socket, const DecoderBody& decode);

/// The same, with decoder_main() on `thumbnailer`.
int zygote_main(int socket, Thumbnailer& thumbnailer);

}  // namespace thumbmill
