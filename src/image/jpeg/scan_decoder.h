// Decodes one scan's entropy-coded data (ITU-T T.81 F.2, G.2) to samples at 1/8, 1/4 or 1/2, or to
// DC coefficients, and nothing that is not needed for these. Knows no markers and no colours.
//
// A block gives side x side samples from its side x side lowest frequencies: 1/8 is libjpeg's own
// arithmetic, bit for bit (jpeg_idct_1x1). 1/4 and 1/2 are the inverse DCT of size 2 and 4 of the
// truncated block, which is not what libjpeg does: its reduced transforms use frequencies up to the
// highest, and give the mean of the pixels; reading all of these would cost what skipping saves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "image/jpeg/entropy_source.h"
#include "image/jpeg/huffman.h"

namespace thumbmill::jpeg {

/// The low frequencies that 1/2 uses are among the first so many in zigzag order.
inline constexpr std::size_t kLowCoefficients = 25;

/// A component in a scan. Blocks lie in rows of `stride`; the callers' planes hold whole MCUs.
struct ScanComponent {
  const DcTable* dc = nullptr;
  const AcTable* ac = nullptr;
  std::uint32_t h = 1;  ///< blocks across and down in an MCU
  std::uint32_t v = 1;
  std::uint32_t side = 1;                ///< samples: 1, 2 or 4
  std::uint8_t* samples = nullptr;       ///< of sequential scans
  std::int16_t* coefficients = nullptr;  ///< of progressive scans: `kept` a block, zigzag order
  std::uint64_t* nonzero = nullptr;      ///< of AC scans, a block each: bit k for coefficient k
  std::size_t kept = 1;                  ///< at most kLowCoefficients
  std::size_t stride = 0;                ///< of either
  std::array<std::int32_t, kLowCoefficients> steps{};  ///< dequantisation, in zigzag order
};

struct ScanWork {
  std::size_t count = 0;
  std::array<ScanComponent, kMaxComponents> components;
  std::uint32_t mcus_per_row = 0;
  std::uint32_t mcu_rows = 0;
  std::size_t restart_interval = 0;  ///< MCUs; 0: none
  int high = 0;                      ///< Ah and Al, of progressive scans
  int low = 0;
  std::uint32_t first = 0;  ///< Ss and Se, of AC scans
  std::uint32_t last = 0;
};

enum class ScanEnd {
  complete,
  /// The data ended before the picture, with the file or at EOI; what is missing was left as it
  /// was. This is the only damage that is decoded here: what comes out is libjpeg's (1/8).
  cut_off,
  /// Any other damage: a code that is none, a run past the block's end, a marker where none is
  /// expected, a restart marker that is missing or out of turn. libjpeg goes on behind these by
  /// rules of its own, which are not repeated here.
  anomaly,
};

/// A sequential scan (Huffman), to samples.
ScanEnd decode_sequential(const ScanWork& work, EntropySource& source);

/// A progressive scan of DC coefficients, its first or one that adds a bit.
ScanEnd decode_progressive_dc(const ScanWork& work, EntropySource& source);

/// A progressive scan of AC coefficients, the first of its band or one that adds a bit: `kept` are
/// stored, of all others only whether they are zero, for that decides what the bits of later scans
/// mean.
ScanEnd decode_progressive_ac(const ScanWork& work, EntropySource& source);

/// Whether the processor has the instructions for the quicker build of the same code. For tests,
/// `use_portable_code(true)` forbids them from then on; not thread-safe.
bool has_quick_shifts();
void use_portable_code(bool on);

}  // namespace thumbmill::jpeg
