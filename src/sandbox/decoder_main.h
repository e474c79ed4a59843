// The life of a decoder process: take a request, have the Thumbnailer make the renditions, answer,
// until the socket ends. It talks over the descriptors it is given and opens nothing; who confines
// it is zygote_main.h.
#pragma once

#include "image/thumbnailer.h"

namespace thumbmill {

/// The descriptor that a decoder process, and a zygote, finds its socket at.
inline constexpr int kDecoderSocket = 3;
/// And a decoder process its own /proc/self/statm, which it could not open any more.
inline constexpr int kDecoderStatm = 4;

/// Serves requests from `socket`; returns the process's exit code when there are no more.
int decoder_main(int socket, Thumbnailer& thumbnailer);

}  // namespace thumbmill
