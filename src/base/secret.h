// Secrets: made by the kernel's generator, and compared so that the time it takes tells nothing.
// For ids, keys, tokens and the names of what nobody else may find. Jitter and what the log and
// answers show, such as request ids, come from base/random.h, which shares nothing with this.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace thumbmill {

/// Fills `bytes` with what nobody can foretell, however much of it they have seen: getrandom(2).
/// Never fails: without randomness the process ends.
void fill_with_secret(std::span<unsigned char> bytes);

/// `size_bytes` such bytes, in lower-case hexadecimal.
std::string new_secret_hex(std::size_t size_bytes);

/// Whether both are the same, in a time that depends on their lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace thumbmill
