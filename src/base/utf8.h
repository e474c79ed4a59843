// Reading UTF-8 that others wrote: file names, headers, stored text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thumbmill {

/// The length of the valid UTF-8 sequence (RFC 3629, section 4: no overlong forms, no surrogates,
/// nothing over U+10FFFF) at the start of `text`, which is not empty, or 0 when there is none; sets
/// `point` to its code point when there is one.
std::size_t decode_utf8(std::string_view text, std::uint32_t& point);

/// `text` as a terminal may be given it: a '?' stands for each control character (C0, DEL and C1,
/// by which a terminal is commanded: ECMA-48) and for each byte that is not UTF-8.
std::string for_terminal(std::string_view text);

}  // namespace thumbmill
