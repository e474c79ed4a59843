// Compares the quick decoder with libjpeg-turbo on a file, which may be damaged: for the tests that
// make thousands of them.
//
// The quick decoder may hand a file over. If it gives a picture, and libjpeg-turbo does, too, then
// the two must have read the same: luma at 1/8 is compared with libjpeg-turbo's own samples, and
// every component at 1/8, 1/4 and 1/2 with the coefficients that libjpeg-turbo read, through the
// quick decoder's inverse transform, for libjpeg's reduced transforms differ from it by design
// (scan_decoder.h). Each comparison is exact.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

namespace thumbmill::jpeg {

enum class Verdict {
  same,         ///< the quick decoder's picture is libjpeg-turbo's
  handed_over,  ///< libjpeg-turbo alone gives a picture
  refused,      ///< neither gives one
  only_quick,   ///< libjpeg-turbo refuses the file, the quick decoder does not
  too_large,    ///< not compared: the damage made it claim a huge size
  different,
};
inline constexpr std::size_t kVerdicts = 6;

struct Comparison {
  std::array<Verdict, 3> verdicts{};  ///< at 1/8, 1/4 and 1/2
  std::string difference;             ///< where the first one is; empty when there is none
};

Comparison compare_decoders(const std::string& file);

/// How often each verdict came up.
class Tally {
 public:
  void add(const Comparison& comparison);
  std::uint64_t count(Verdict verdict) const { return counts_[static_cast<std::size_t>(verdict)]; }
  friend std::ostream& operator<<(std::ostream& out, const Tally& tally);

 private:
  std::array<std::uint64_t, kVerdicts> counts_{};
};

}  // namespace thumbmill::jpeg
