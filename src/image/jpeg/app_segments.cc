#include "image/jpeg/app_segments.h"

#include "image/exif.h"

namespace thumbmill::jpeg {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t kApp0 = 0xe0, kApp1 = 0xe1, kApp2 = 0xe2, kApp14 = 0xee;

std::uint8_t byte(std::string_view s, std::size_t i) { return static_cast<std::uint8_t>(s[i]); }

}  // namespace

void AppSegments::add(std::uint8_t marker, std::string_view body) {
  switch (marker) {
    case kApp0:  // of at least 14 bytes, else libjpeg does not take it for JFIF
      has_jfif_ |= body.size() >= 14 && body.substr(0, 5) == "JFIF\0"sv;
      break;
    case kApp1:
      add_exif(body);
      break;
    case kApp2:
      add_profile_part(body);
      break;
    case kApp14:
      if (body.size() >= 12 && body.substr(0, 5) == "Adobe"sv) adobe_transform_ = byte(body, 11);
      break;
    default:
      break;
  }
}

void AppSegments::add_exif(std::string_view body) {
  constexpr std::string_view kName = "Exif\0"sv;
  constexpr std::size_t kHeader = kName.size() + 1;  // and a byte of padding, whatever it is
  if (has_exif_ || body.size() <= kHeader || body.substr(0, kName.size()) != kName) return;
  has_exif_ = true;
  orientation_ = exif_orientation(body.substr(kHeader));
}

void AppSegments::add_profile_part(std::string_view body) {
  constexpr std::string_view kName = "ICC_PROFILE\0"sv;
  constexpr std::size_t kHeader = kName.size() + 2;
  if (body.size() <= kHeader || body.substr(0, kName.size()) != kName) return;
  const bool whole = !profile_parts_.empty() && parts_seen_ == profile_parts_.size();
  if (whole || profile_is_bad_) return;
  const std::size_t number = byte(body, kName.size());
  const std::size_t count = byte(body, kName.size() + 1);
  if (profile_parts_.empty()) profile_parts_.resize(count);
  profile_is_bad_ = count == 0 || count != profile_parts_.size() || number < 1 || number > count ||
                    !profile_parts_[number - 1].empty();
  if (profile_is_bad_) return;
  profile_parts_[number - 1] = body.substr(kHeader);
  ++parts_seen_;
}

std::string AppSegments::profile() const {
  if (profile_is_bad_ || parts_seen_ != profile_parts_.size()) return {};
  std::string whole;
  for (const std::string_view part : profile_parts_) whole += part;
  return whole;
}

}  // namespace thumbmill::jpeg
