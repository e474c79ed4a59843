// Secrets: made by the operating system's generator, and compared so that the time it takes tells
// nothing. For keys and signatures; ids and jitter are base/random.h's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace thumbmill {

/// `size_bytes` bytes that nobody can guess, in lower-case hexadecimal. Never fails: without
/// randomness the process ends.
std::string new_secret_hex(std::size_t size_bytes);

/// Whether both are the same, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace thumbmill
