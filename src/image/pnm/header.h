// The header of a portable anymap: PBM, PGM, PPM (P1 to P6) and PAM (P7), as netpbm's manual pages
// of these names have it. Does not read pixels. Internal to image/pnm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "model/rendition.h"

namespace thumbmill::pnm {

/// How samples are stored.
enum class Storage {
  text,         ///< decimal numbers
  text_bits,    ///< digits 0 and 1, between which there need not be a space; 1 is black
  packed_bits,  ///< eight a byte, the leftmost in the high bit, rows in whole bytes; 1 is black
  numbers,      ///< of one byte, or of two, big-endian, when max_value is over 255
};

struct Header {
  SizePx size;  ///< at least 1 x 1
  Storage storage = Storage::numbers;
  std::uint32_t max_value = 1;  ///< what stands for white, 1 to 65535
  std::size_t stored = 1;       ///< samples a pixel in the file
  std::size_t used = 1;         ///< of these, from the first on; 1 or 3, one more with alpha
  bool has_alpha = false;
  std::string_view data;  ///< what is behind the header
};

/// unsupported: a PAM in other colours than grey and RGB. corrupt_input: not a header.
Result<Header> read_header(std::string_view file);

/// White space, as C has it.
bool is_space(char c);

/// Cuts white space and comments (# up to the end of the line) off.
void skip_space(std::string_view& text);

/// Cuts a decimal number off, which is at most 2^32 - 1: for a larger one. Nothing when there is
/// none.
std::optional<std::uint32_t> take_number(std::string_view& text);

}  // namespace thumbmill::pnm
