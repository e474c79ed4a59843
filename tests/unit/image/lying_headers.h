// What the tests of files with contradictory headers share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "address_limit.h"
#include "decoder/kernels.h"
#include "jp2/made_jp2.h"
#include "measured_run.h"

namespace thumbmill {

inline Thumbnailer& kernels() {
  static const std::unique_ptr<Thumbnailer> all = make_kernels().value();
  return *all;
}

// What a decoder process takes for its work, whatever the image: it need not ask for less.
inline constexpr std::uint64_t kUnasked = 16 << 20;

inline void expect_verdict(const MeasuredRun& run, const std::vector<Code>& allowed) {
  ASSERT_TRUE(run.survived) << "the decoder died";
  EXPECT_NE(std::find(allowed.begin(), allowed.end(), run.code), allowed.end())
      << code_name(run.code);
  if (!has_address_limits()) return;  // sanitizers take memory of their own
  EXPECT_LE(run.taken_bytes, std::max(run.asked_bytes, kUnasked));
}

inline void expect_verdict(ImageFormat format, const std::string& file, Code code,
                           const ImageLimits& limits = {}) {
  expect_verdict(measure(kernels(), format, file, limits), {code});
}

// Big-endian, in the place of others.
inline std::string with_number(std::string file, std::size_t at, std::uint64_t value,
                               std::size_t bytes) {
  return file.replace(at, bytes, big_endian(value, bytes));
}

// A limit between the declared size and the coded one.
inline ImageLimits one_megapixel() {
  ImageLimits limits;
  limits.max_pixels = 1'000'000;
  return limits;
}

}  // namespace thumbmill
