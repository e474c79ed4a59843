// Text of protocols and headers, which compares and trims as ASCII whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace thumbmill {

/// Lower case of A to Z; every other byte as it is.
constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string to_lower(std::string_view text);

/// `text` without spaces and tabs at both ends (OWS of RFC 9110, section 5.6.3).
std::string_view trim(std::string_view text);

/// Whether every byte is between a space and '~'.
bool is_printable_ascii(std::string_view text);

}  // namespace thumbmill
