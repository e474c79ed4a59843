// What a thumbnail needs of a JPEG's application segments (APPn, ITU-T T.81 B.2.4.6): which way up
// the picture is, its colour profile, and how its components are to be read. Finds no segments:
// that is MarkerReader's matter, or libjpeg-turbo's. Follows Chromium where files disagree with the
// standards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thumbmill::jpeg {

/// One thread at a time. Borrows the bytes of the segments.
class AppSegments {
 public:
  /// A segment of the header, in the order of the file; `body` is what follows its length. Segments
  /// of no interest are ignored.
  void add(std::uint8_t marker, std::string_view body);

  bool has_jfif() const { return has_jfif_; }
  /// The colour transform in Adobe's segment; nothing without one.
  std::optional<std::uint8_t> adobe_transform() const { return adobe_transform_; }
  /// 1 to 8, of the first EXIF segment; 1 without one, also when a later one knows better.
  int orientation() const { return orientation_; }
  /// The colour profile put together from its parts (ICC.1:2010 B.4). Empty when there is none, a
  /// part is missing or comes twice, or parts disagree on how many there are.
  std::string profile() const;

 private:
  void add_exif(std::string_view body);
  void add_profile_part(std::string_view body);

  bool has_jfif_ = false;
  std::optional<std::uint8_t> adobe_transform_;
  bool has_exif_ = false;
  int orientation_ = 1;
  std::vector<std::string_view> profile_parts_;  // by number, from 0; empty: not seen yet
  std::size_t parts_seen_ = 0;
  bool profile_is_bad_ = false;
};

}  // namespace thumbmill::jpeg
