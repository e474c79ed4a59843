#include "image/gif/lzw.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gif/gif_files.h"

namespace thumbmill::gif {
namespace {

std::string decode(std::string_view blocks, unsigned literal_bits, std::size_t most,
                   std::size_t at_a_time = 1000) {
  LzwDecoder decoder(blocks, literal_bits);
  std::string indices;
  while (indices.size() < most) {
    std::vector<std::uint8_t> part(std::min(at_a_time, most - indices.size()));
    const std::size_t count = decoder.read(part.data(), part.size());
    indices.append(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(count));
    if (count < part.size()) break;
  }
  return indices;
}

TEST(Lzw, GivesBackEveryKindOfData) {
  std::mt19937 random(5);
  for (unsigned literal_bits = 1; literal_bits <= 8; ++literal_bits) {
    for (const std::size_t size : {0, 1, 2, 3, 100, 5000, 70000}) {
      for (const unsigned run : {1u, 2u, 50u, 100000u}) {
        std::string indices;
        char value = 0;
        for (std::size_t i = 0; i < size; ++i) {
          if (random() % run == 0) value = static_cast<char>(random() % (1u << literal_bits));
          indices.push_back(value);
        }
        const std::string blocks = gif_codes(indices, literal_bits);
        ASSERT_EQ(decode(blocks, literal_bits, size + 10), indices) << literal_bits << ' ' << size;
        ASSERT_EQ(decode(blocks, literal_bits, size + 10, 7), indices);
        ASSERT_EQ(decode(blocks, literal_bits, size / 2), indices.substr(0, size / 2));
      }
    }
  }
}

TEST(Lzw, EndsWhereTheDataDoes) {
  const std::string indices(500, '\1');
  const std::string blocks = gif_codes(indices, 2);
  std::size_t last = 0;
  for (std::size_t size = 0; size <= blocks.size(); ++size) {
    const std::string made = decode(std::string_view(blocks).substr(0, size), 2, 1000);
    EXPECT_EQ(made, indices.substr(0, made.size()));
    EXPECT_GE(made.size(), last);
    last = made.size();
  }
  EXPECT_EQ(last, indices.size());
}

// Codes of 3 bits: 4 clears, 5 ends, 6 is the first entry.
std::string codes(const std::vector<unsigned>& values) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < values.size(); ++i) bits |= values[i] << (3 * i);
  return {'\4',
          static_cast<char>(bits),
          static_cast<char>(bits >> 8),
          static_cast<char>(bits >> 16),
          static_cast<char>(bits >> 24),
          '\0'};
}

TEST(Lzw, EndsAtACodeThatMeansNothing) {
  EXPECT_EQ(decode(codes({4, 1, 7, 1}), 2, 9), "\1");
  EXPECT_EQ(decode(codes({4, 6, 1}), 2, 9), "");
  EXPECT_EQ(decode(codes({4, 1, 5, 1}), 2, 9), "\1");
}

TEST(Lzw, NeedsNoClearCodeAtTheBeginning) {
  EXPECT_EQ(decode(codes({1, 6, 5}), 2, 9), "\1\1\1");
  EXPECT_EQ(decode(codes({4, 4, 1, 6, 5}), 2, 9), "\1\1\1");
}

}  // namespace
}  // namespace thumbmill::gif
