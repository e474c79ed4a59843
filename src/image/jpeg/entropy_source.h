// The entropy-coded data of one scan (ITU-T T.81 B.1.1.5) with its stuffing removed, a window at a
// time, so that memory does not grow with the file. Knows bytes and restart markers only; what the
// bits mean is bit_reader.h's and the scan decoders' matter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace thumbmill::jpeg {

/// Behind the data there are so many bytes that may be read: more than the longest MCU takes (T.81
/// B.2.3: 10 blocks, of 64 symbols of at most 16 + 15 bits), and a look ahead. They are zero once
/// the data has ended. So the decoders check for the end once an MCU, and not once a symbol.
inline constexpr std::size_t kReadAhead = 10 * 64 * 31 / 8 + 64;

/// One thread at a time. Borrows the file's bytes.
class EntropySource {
 public:
  /// `at` is where the scan's data begins.
  EntropySource(std::string_view file, std::size_t at);

  const std::uint8_t* begin() const { return window_.get(); }
  /// From here on next() has to be called before the next MCU.
  const std::uint8_t* low_water() const { return low_water_; }
  const std::uint8_t* end() const { return window_.get() + filled_; }
  /// The window holds all that is left before the next marker.
  bool last() const { return at_marker_; }

  /// Moves what is at and behind `unread` to begin() and fills up behind it. `unread` is not past
  /// end() + kReadAhead.
  void advance(const std::uint8_t* unread);

  /// The marker that ended the data is a restart marker (RSTn).
  bool at_restart() const;
  /// The data ended with the file, or at EOI.
  bool at_end() const;
  /// What was read so far holds fill bytes that no marker follows. For libjpeg-turbo the last of
  /// them is data, and it mixes up the coefficients of the MCU around it (jdhuff.c,
  /// decode_mcu_fast).
  bool has_stray_fill() const { return has_stray_fill_; }

  /// Begins the stretch behind the restart marker. False when there is none, or not the one whose
  /// turn it is.
  bool next_stretch();

  /// Where the data ended: at a marker that is no RSTn, or the file's end. Steps over what is left.
  std::size_t skip_to_end();

 private:
  static constexpr std::size_t kWindow = 32 << 10;

  void fill();

  std::string_view file_;
  std::size_t at_;
  std::unique_ptr<std::uint8_t[]> window_;
  std::size_t filled_ = 0;
  const std::uint8_t* low_water_ = nullptr;
  bool at_marker_ = false;
  bool has_fill_ = false;  // in front of `at_`
  bool has_stray_fill_ = false;
  std::uint8_t expected_restart_ = 0;
};

/// Where the entropy-coded data that begins `at` ends: at a marker that is no RSTn, or the file's
/// end. Costs a memchr.
std::size_t skip_entropy_coded(std::string_view file, std::size_t at);

}  // namespace thumbmill::jpeg
