// Damaged PNGs: wherever libpng gives rows, the kernel has to give the same, or the difference is
// one that docs/png-kernel.md states. Files made here, and those of the corpus where there is one.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <png.h>

#include "image/png/reader.h"
#include "libpng_reader.h"
#include "planar/naive_reduce.h"
#include "png_files.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostPixels = 1 << 20;
constexpr std::size_t kSignature = 8;

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t count) { return random() % count; }

struct Chunk {
  std::size_t at;    // of its length
  std::size_t size;  // of its data
  std::string type;
};

std::vector<Chunk> chunks_of(const std::string& file) {
  std::vector<Chunk> chunks;
  for (std::size_t at = kSignature; at + 12 <= file.size();) {
    const auto* length = reinterpret_cast<png_const_bytep>(file.data() + at);
    const std::size_t size = png_get_uint_32(length);
    if (size > file.size() - at - 12) break;
    chunks.push_back({at, size, file.substr(at + 4, 4)});
    at += 12 + size;
  }
  return chunks;
}

std::string with_right_crcs(const std::string& file) {
  std::string made = file.substr(0, kSignature);
  for (const Chunk& chunk : chunks_of(file)) {
    made += png_chunk(chunk.type, std::string_view(file).substr(chunk.at + 8, chunk.size));
  }
  return made + file.substr(made.size());
}

// One change at a random place.
std::string damaged(const std::string& file, Random& random) {
  std::string made = file;
  const std::size_t at = below(random, file.size());
  const std::size_t count = 1 + below(random, 30);
  const std::vector<Chunk> chunks = chunks_of(file);
  const Chunk& chunk = chunks.at(below(random, chunks.size()));
  switch (below(random, 8)) {
    case 0:
      return made.substr(0, at);
    case 1:
      made[at] = static_cast<char>(random());
      return made;
    case 2:  // seen as it is, not through a CRC that is wrong
      made[at] = static_cast<char>(made[at] ^ (1 << below(random, 8)));
      return with_right_crcs(made);
    case 3:
      return with_right_crcs(made.erase(at, count));
    case 4:
      return made.insert(at, random_bytes(count, static_cast<std::uint32_t>(at)));
    case 5:
      return made.erase(chunk.at, chunk.size + 12);
    case 6:
      return made.insert(chunk.at, made.substr(chunk.at, chunk.size + 12));
    default: {
      // The rows themselves: also filters that there are not.
      std::size_t rows = 0;
      std::string data = rows_by_zlib(file, kMostPixels, rows);
      if (data.empty()) return made;
      data[below(random, data.size())] = static_cast<char>(below(random, 7));
      return with_image_data(file, data.substr(0, data.size() - below(random, 2) * count));
    }
  }
}

// What the table in docs/png-kernel.md says to be shown otherwise, or not, though libpng gives
// rows.
bool is_stated(const std::string& file) {
  const std::vector<Chunk> chunks = chunks_of(file);
  if (chunks.empty()) return false;
  const auto data = [&](const Chunk& chunk) { return file.substr(chunk.at + 8, chunk.size); };
  const std::string header = file.substr(chunks[0].at, chunks[0].size + 12);
  if (header != png_chunk(chunks[0].type, data(chunks[0]))) return true;  // a header's wrong CRC
  std::size_t entries = 0;
  bool has_key = false;
  for (const Chunk& chunk : chunks) {
    if (chunk.type == "IDAT") return false;
    const auto color = static_cast<PngColor>(file[chunks[0].at + 8 + 9]);
    if (chunk.type == "PLTE" && entries == 0) entries = chunk.size / 3;
    if (chunk.type == "PLTE" && color == PngColor::rgb && has_key) return true;
    if (chunk.type != "tRNS") continue;
    // libpng ignores one in front of PLTE, and one that is too long.
    has_key = true;
    if (color == PngColor::palette && chunk.size > entries) return true;
    if (color == PngColor::grey && chunk.size > 2) return true;
    if (color == PngColor::rgb && chunk.size > 6) return true;
  }
  return false;
}

// As read_png() has it: opaque rows that are not there make an alpha channel.
planar::Picture as_planes(const LibpngPicture& picture) {
  const bool cut = std::count(picture.row_is_there.begin(), picture.row_is_there.end(), false) > 0;
  const std::size_t bytes = picture.wide ? 2 : 1;
  const std::size_t pixel = picture.channels * bytes;
  if (!cut || picture.has_alpha) {
    return planar::naive_reduce(picture.samples, picture.width, picture.height, picture.channels,
                                picture.has_alpha, picture.wide, 1);
  }
  std::string samples;
  for (std::size_t i = 0; i < picture.width * picture.height; ++i) {
    samples += picture.samples.substr(i * pixel, pixel);
    samples += std::string(bytes, picture.row_is_there[i / picture.width] ? '\xff' : '\0');
  }
  return planar::naive_reduce(samples, picture.width, picture.height, picture.channels + 1, true,
                              picture.wide, 1);
}

// What has been compared with what.
class Comparison {
 public:
  void compare(const std::string& file) {
    std::size_t rows = 0;
    const std::string data = rows_by_zlib(file, kMostPixels, rows);
    LibpngPicture theirs = read_by_libpng(file, kMostPixels);
    ++counts_["files"];
    if (theirs.rows_read == 0) return void(++counts_["without a row"]);
    if (is_stated(file)) return void(++counts_["stated"]);
    if (theirs.rows_read < rows) {
      // libpng has not asked zlib for what it had still to give, or does not read on behind a chunk
      // between two of image data. With the same rows in order it does.
      ++counts_["with more rows than libpng's"];
      theirs = read_by_libpng(with_image_data(file, data), kMostPixels);
    }
    ASSERT_EQ(theirs.rows_read, rows);
    ++counts_["compared"];
    if (std::count(theirs.row_is_there.begin(), theirs.row_is_there.end(), false) > 0) {
      ++counts_["cut"];
    }
    expect_same(file, as_planes(theirs));
  }

  // How many there were of a kind.
  int count(const std::string& kind) { return counts_[kind]; }

  void report() const {
    for (const auto& [kind, count] : counts_) {
      std::string name = kind;
      std::replace(name.begin(), name.end(), ' ', '_');
      ::testing::Test::RecordProperty(name, count);
      std::cout << kind << ": " << count << "\n";
    }
  }

 private:
  static void expect_same(const std::string& file, const planar::Picture& right) {
    const auto parts = take_png_apart(file);
    ASSERT_TRUE(parts.ok()) << parts.status().to_string();
    for (const std::uint64_t whole_bytes : {kPngWholeBytes, std::uint64_t{0}}) {
      const auto ours = read_png(*parts, 1, nullptr, whole_bytes);
      ASSERT_TRUE(ours.has_value());
      // Where colours are multiplied by alpha, rounding is in doubt.
      EXPECT_LE(planar::greatest_difference(*ours, right), right.has_alpha ? 1 : 0);
    }
  }

  std::map<std::string, int> counts_;
};

// Smooth enough for long matches, with noise for literals.
PngFile picture(PngColor color, int depth_bits, bool interlaced, std::uint32_t seed) {
  PngFile file = random_png(color, depth_bits, 5 + seed % 40, 3 + seed % 29, seed);
  file.header.interlaced = interlaced;
  for (std::size_t i = 0; i < file.pixels.size(); ++i) {
    if (i % 7 != 0) file.pixels[i] = static_cast<char>(i / 9);
  }
  file.data_bytes = 40 + seed % 400;
  // Some indices have no entry.
  if (color == PngColor::palette && seed % 3 == 0) {
    file.palette.resize(file.palette.size() / 2 / 3 * 3);
    file.transparency = std::string(1 + seed % 2, '\x55');
  }
  if (color == PngColor::rgb && seed % 2 == 0) {
    file.transparency = std::string("\1\2\3\4\5\6", 6);
  }
  return file;
}

TEST(PngBesideLibpng, GivesTheSameRowsOfFilesMadeHere) {
  constexpr int kVariants = 24;
  Random random(20);
  Comparison comparison;
  std::uint32_t seed = 0;
  for (const bool interlaced : {false, true}) {
    for (const int color : {0, 2, 3, 4, 6}) {
      for (const int depth : {1, 2, 4, 8, 16}) {
        if ((color == 3 && depth == 16) || (color != 0 && color != 3 && depth < 8)) continue;
        const PngFile made = picture(static_cast<PngColor>(color), depth, interlaced, ++seed);
        const std::string file = png_file(made);
        comparison.compare(file);
        for (int i = 0; i < kVariants; ++i) {
          SCOPED_TRACE("colour " + std::to_string(color) + ", " + std::to_string(depth) +
                       " bits, interlaced " + std::to_string(interlaced) + ", variant " +
                       std::to_string(i));
          comparison.compare(damaged(file, random));
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
  comparison.report();
  EXPECT_GE(comparison.count("compared"), 400);
  EXPECT_GE(comparison.count("cut"), 50);
}

std::string corpus() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
}

// PNGs of the corpus that are small enough to be read some hundred times.
std::vector<std::string> corpus_files() {
  constexpr std::uintmax_t kMostBytes = 600'000;
  std::vector<std::filesystem::path> paths;
  for (const char* folder : {"good", "bad", "reported", "photos"}) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(corpus() + "/" + folder, error)) {
      if (entry.path().extension() == ".png" && entry.file_size() <= kMostBytes) {
        paths.push_back(entry.path());
      }
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  for (const auto& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (!chunks_of(bytes).empty()) files.push_back(std::move(bytes));
  }
  return files;
}

TEST(PngBesideLibpng, GivesTheSameRowsOfCorpusFiles) {
  constexpr std::size_t kVariants = 2500;
  const std::vector<std::string> files = corpus_files();
  if (files.empty()) GTEST_SKIP() << "no corpus at " << corpus();
  Random random(21);
  Comparison comparison;
  std::vector<std::string> seeds;  // those with a row that can be damaged
  for (const std::string& file : files) {
    comparison.compare(file);
    if (read_by_libpng(file, kMostPixels).rows_read > 0) seeds.push_back(file);
  }
  for (std::size_t i = 0; i < kVariants; ++i) {
    SCOPED_TRACE("variant " + std::to_string(i));
    // Most of the time would go into the few that are large.
    const bool large_too = i < 2 * seeds.size();
    const std::string* seed = &seeds[i % seeds.size()];
    while (!large_too && seed->size() > 100'000) seed = &seeds[below(random, seeds.size())];
    comparison.compare(damaged(*seed, random));
    if (::testing::Test::HasFatalFailure()) return;
  }
  comparison.report();
  EXPECT_GE(comparison.count("files"), 2500);
  EXPECT_GE(comparison.count("compared"), 1500);
}

}  // namespace
}  // namespace thumbmill
