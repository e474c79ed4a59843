// Kernels for decoder_for_tests, behind the real decoder_main(): one that measures others, and one
// that takes what it is told to.
#pragma once

#include "image/thumbnailer.h"

namespace thumbmill {

/// Tells of each image, instead of making thumbnails, how much memory was asked for and how much
/// more than before was taken at most: two numbers of bytes, as the message of a too_large.
class MemoryMeter final : public Thumbnailer {
 public:
  explicit MemoryMeter(Thumbnailer& inner) : inner_(inner) {}
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;

 private:
  Thumbnailer& inner_;
};

/// Asks for so many MiB and takes so many, as the image says behind its three bytes of magic. The
/// detail of a too_large is how many it got.
class GreedyKernel final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override;
};

}  // namespace thumbmill
