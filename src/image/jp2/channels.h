// From decoded components to a picture's planes: which component or palette column is which colour,
// depths, signs, subsampling, alpha, and the last part of the reduction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "image/jp2/codestream.h"
#include "image/jp2/container.h"
#include "image/jp2/opj_decoder.h"
#include "image/planar/picture.h"

namespace thumbmill::jp2 {

/// What the channels of a file are.
struct Meaning {
  planar::ColorModel model = planar::ColorModel::grey;
  std::vector<Channel> colors;  ///< in the model's order: 1, 3 or 4
  std::optional<Channel> alpha;
  bool premultiplied = false;
  bool uses_profile = false;  ///< the container's profile is for these colours
  bool has_palette = false;   ///< samples are not amounts of anything: they have no means
};

/// Without a colour specification, by the number of channels, as every reader does: grey, grey with
/// alpha, RGB, RGB with alpha; YCbCr where the second and third have fewer samples. A channel that
/// is one too many for its colours, and of which nothing is said, is alpha. corrupt_input: a colour
/// is missing. unsupported: too many to guess.
Result<Meaning> find_meaning(const Container& container, const Codestream& codestream);

/// `image` was reduced by two `reduction` times. Its samples become smaller by `side` once more.
Result<planar::Picture> make_picture(const opj_image& image, const Container& container,
                                     const Codestream& codestream, const Meaning& meaning,
                                     std::uint32_t reduction, std::size_t side);

}  // namespace thumbmill::jp2
