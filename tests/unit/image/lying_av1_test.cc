// An AV1 frame that is larger than its sequence header says, written bit by bit: no encoder makes
// one.
#include <initializer_list>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "heif_files.h"
#include "lying_headers.h"

namespace thumbmill {
namespace {

// A value and how many bits it has.
using Field = std::pair<unsigned, int>;

std::string bits_of(std::initializer_list<Field> fields) {
  std::string bits;
  for (const auto& [value, count] : fields) {
    for (int i = count - 1; i >= 0; --i) bits += static_cast<char>('0' + (value >> i & 1));
  }
  bits.resize((bits.size() + 7) / 8 * 8, '0');
  std::string bytes;
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    bytes += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
  }
  return bytes;
}

// With its size, AV1 section 5.3.
std::string unit(unsigned type, const std::string& payload) {
  const auto size = static_cast<unsigned>(payload.size());
  return bits_of({{type << 3 | 2, 8}, {1, 1}, {size & 127, 7}, {size >> 7, 8}}) + payload;
}

// Section 5.5.1: 8 bits, 4:2:0, frames of 64 x 64, and 16 bits for each side of another size.
std::string sequence_of_64() {
  const std::string payload =
      bits_of({{0, 3},                                // profile
               {0, 4},                                // no still picture, no timing
               {0, 5},  {0, 12}, {0, 5},              // one operating point
               {15, 4}, {15, 4}, {63, 16}, {63, 16},  // bits of sides, sides
               {0, 4},                                // no frame ids, no tools
               {0, 5},                                // none between frames
               {1, 1},  {1, 1},                       // screen content is each frame's matter
               {0, 3},                                // nor superres, CDEF, restoration
               {0, 3},  {1, 1},  {0, 2},   {0, 1},    // colours
               {0, 1},  {1, 1}});                     // no film grain; the last bit
  constexpr unsigned kSequenceHeader = 1;
  return unit(kSequenceHeader, payload);
}

// Section 5.9: a key frame of another size, of one tile.
std::string frame_of(unsigned side) {
  const std::string header =
      bits_of({{0, 3},         {1, 1},         {0, 1}, {0, 1},  // a key frame that is shown
               {1, 1},                                          // it has a size of its own
               {side - 1, 16}, {side - 1, 16}, {0, 1}, {1, 1},  // no end of CDF updates
               {1, 1},         {0, 2},                          // one tile
               {100, 8},       {0, 3},         {0, 1},          // quantizer
               {0, 2},                                          // neither segments nor its changes
               {0, 6},         {0, 6},         {0, 3}, {0, 1},  // no loop filter
               {0, 2}});                                        // transforms
  constexpr unsigned kFrame = 6, kTileBytes = 2000;
  return unit(kFrame, header + std::string(kTileBytes, '\0'));
}

TEST(LyingAv1, FrameLargerThanItsSequence) {
  constexpr SizePx kDeclared{64, 64};
  heif::CodedItem coded;
  coded.codec = heif::Codec::av1;
  coded.size = kDeclared;
  coded.config = bits_of({{0x81, 8}, {0, 8}, {0x0c, 8}, {0, 8}});
  coded.bytes = sequence_of_64() + frame_of(3000);
  // By the container's own reader, and by libheif.
  expect_verdict(ImageFormat::avif, one_picture(coded), Code::corrupt_input);
  heif::HeifFile file;
  const auto id = file.add_item("iden", "", true);
  file.use(id, {file.add_property("ispe", heif::ispe(kDeclared))});
  file.refer("dimg", id, {file.add_coded(coded)});
  const MeasuredRun run = measure(kernels(), ImageFormat::avif, file.build());
  expect_verdict(run, {Code::ok, Code::corrupt_input, Code::too_large});
  // Newer versions of libheif refuse the frame before they decode it.
  if (run.code == Code::ok) {
    EXPECT_GT(run.taken_bytes, 9u << 20) << "the frame was not decoded";
  }
  EXPECT_GE(run.asked_bytes, std::uint64_t{3000} * 3000 * 12);
}

}  // namespace
}  // namespace thumbmill
