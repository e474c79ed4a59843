// The two ranges of 8-bit YCbCr in ITU-R BT.601 colours. A JPEG's samples use all levels (ITU-T
// T.871 section 6), as planes do in here. Those of a lossy WebP leave room at both ends (RFC 6386
// section 9.2, BT.601-7 section 2.5.3): luma lies in 16 to 235, differences in 16 to 240 around
// 128.
#pragma once

#include <cstdint>
#include <span>

namespace thumbmill::planar {

enum class SampleKind { luma, difference };

/// To the video range, in place, rounded to the nearest.
void to_video_range(std::span<std::uint8_t> samples, SampleKind kind);

/// Back, in place; what lies outside the range becomes the nearest level. All levels that
/// to_video_range() makes stay the same when they go there and back.
void to_full_range(std::span<std::uint8_t> samples, SampleKind kind);

}  // namespace thumbmill::planar
