// The files that mutated ones are made from: real and hostile ones of the corpus, and files made
// here in every format and kind that decoders take.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/image_format.h"

namespace thumbmill {

struct Seed {
  std::string name;  ///< for people: the file's, or how it was made
  ImageFormat format = ImageFormat::jpeg;
  std::string bytes;
};

/// Files of a few kilobytes: samplings, progression and restarts of JPEG, types and depths of PNG,
/// kinds of WebP, GIF, TIFF and PNM, and HEIC and AVIF where libvips can write them. The same in
/// every run with the same libraries. libvips must have been started.
std::vector<Seed> made_seeds();

/// Files below good/, bad/ and photos/ of `folder` that a decoder would be given, by name, of at
/// most `most_bytes` each. Empty where there is no such folder.
std::vector<Seed> corpus_seeds(const std::string& folder, std::size_t most_bytes);

/// What THUMBMILL_CORPUS names, else `beside`.
std::string corpus_folder(const std::string& beside);

}  // namespace thumbmill
