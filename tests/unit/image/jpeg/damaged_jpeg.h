// Damages JPEGs for tests, in the ways in which transfers, disks and broken software do, and in
// some that only a fuzzer would think of. The same seed gives the same damage everywhere.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace thumbmill::jpeg {

/// In the entropy-coded data unless it says otherwise.
enum class Damage {
  stray_marker,    ///< two bytes become a marker
  marker_put_in,   ///< a marker between two bytes
  cut_off,         ///< the file ends early
  cut_off_at_eoi,  ///< and EOI follows
  flipped_bits,
  overwritten,   ///< a run of bytes, by random ones, zeros or 0xff
  put_in,        ///< a run of bytes more
  left_out,      ///< a run of bytes less
  copied,        ///< a run of bytes over another
  restart_lost,  ///< a restart marker less; without any, flipped bits: so for the next three
  restarts_swapped,
  restart_renumbered,
  restart_twice,
  header,         ///< bits in front of the first scan's data: frame, tables, scan header
  tables,         ///< a table's bytes
  between_scans,  ///< around the markers behind the first scan; without any, flipped bits
};
inline constexpr int kDamages = static_cast<int>(Damage::between_scans) + 1;

const char* damage_name(Damage damage);

/// `file` is a whole JPEG.
std::string damaged(std::string file, Damage damage, std::mt19937& random);

}  // namespace thumbmill::jpeg
