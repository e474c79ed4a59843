// Real and hostile images through real decoder processes. The images are no part of the project:
// THUMBMILL_CORPUS names their folder, else it is ../shared/corpus beside the source tree, and
// without it these tests are skipped.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "fakes/recording_metrics.h"
#include "pictures.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

struct Row {
  std::string file;
  std::string expect;
  SizePx size;       // as stored; 0 x 0 when the manifest does not know
  SizePx reference;  // of a 256 x 256 thumbnail, enlarged; 0 x 0 when there is none
};

SizePx parse(std::string_view width, std::string_view height) {
  return {static_cast<std::uint32_t>(std::atoi(std::string(width).c_str())),
          static_cast<std::uint32_t>(std::atoi(std::string(height).c_str()))};
}

std::string folder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
}

std::vector<Row> read_manifest() {
  std::vector<Row> rows;
  std::ifstream manifest(folder() + "/manifest.tsv");
  std::string line;
  std::getline(manifest, line);  // the names of the columns
  while (std::getline(manifest, line)) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
    if (fields.size() < 10) continue;
    Row row{fields[0], fields[5], parse(fields[3], fields[4]), {}};
    const std::size_t cross = fields[9].find('x');
    if (cross != std::string::npos && std::isdigit(static_cast<unsigned char>(fields[9][0])) != 0) {
      row.reference = parse(fields[9].substr(0, cross), fields[9].substr(cross + 1));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Whether a thumbnail of `size` is the reference's, but for rounding.
bool looks_like(SizePx reference, SizePx size) {
  const RenditionSpec spec{.width_px = 256, .height_px = 256, .enlarge = true};
  const SizePx scaled = plan_fit(size, spec).canvas;
  const auto near = [](std::uint32_t a, std::uint32_t b) { return a <= b + 1 && b <= a + 1; };
  return near(scaled.width, reference.width) && near(scaled.height, reference.height);
}

// The manifest has sizes as stored; the reference's aspect tells which way up. Nothing when neither
// fits: of several images in a HEIC the manifest may describe another than the primary one.
std::optional<SizePx> upright_size(const Row& row) {
  if (row.size.width == 0) return std::nullopt;
  if (looks_like(row.reference, row.size)) return row.size;
  const SizePx turned{row.size.height, row.size.width};
  if (looks_like(row.reference, turned)) return turned;
  return std::nullopt;
}

class Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    rows_ = read_manifest();
    if (rows_.empty()) GTEST_SKIP() << "no images at " << folder() << "; set THUMBMILL_CORPUS";
    pool_ =
        DecoderPool::start(
            {.command = {THUMBMILL_DECODER}, .single_command = {THUMBMILL_CODECS}, .processes = 1},
            metrics_, log_, clock_)
            .value();
  }

  std::string read(const std::string& file) const {
    std::ifstream in(folder() + "/" + file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // As the service does: the sniffer decides whether a decoder sees the bytes at all.
  Result<Thumbnails> make(const std::string& file) {
    std::string bytes = read(file);
    const auto format = sniff_image_format(bytes);
    if (!format || !image_format_info(*format).can_decode) {
      return Status(Code::unsupported, "not an image format that is decoded");
    }
    ThumbnailRequest request;
    request.source = Blob(std::move(bytes));
    request.format = *format;
    request.renditions = {spec_};
    return pool_->make(request, {});
  }

  // What a thumbnail of a good image must be like, whatever the picture.
  void expect_right(const Row& row, const Thumbnails& thumbnails) {
    const MadeRendition& made = thumbnails.renditions.at(0);
    const SizePx upright = upright_size(row).value_or(thumbnails.source_size);
    EXPECT_EQ(thumbnails.source_size, upright)
        << thumbnails.source_size.width << " x " << thumbnails.source_size.height;
    // The reference's maker did not read every format.
    if (row.reference.width > 0) {
      EXPECT_TRUE(looks_like(row.reference, upright));
    }
    const SizePx expected = plan_fit(upright, spec_).canvas;
    EXPECT_EQ(made.facts.size, expected)
        << made.facts.size.width << " x " << made.facts.size.height;
    const Picture picture = decode_picture(made.bytes.to_string().value());
    EXPECT_EQ(picture.size, made.facts.size);
    EXPECT_FALSE(picture.has_profile);
    EXPECT_FALSE(picture.has_metadata);
  }

  const RenditionSpec spec_{.width_px = 256, .height_px = 256};
  RecordingMetrics metrics_;
  NoLogger log_;
  SystemClock clock_;
  std::vector<Row> rows_;
  std::unique_ptr<DecoderPool> pool_;
};

// The failures that end a job: trying again would not help, and nobody else is to blame.
bool is_permanent(Code code) {
  switch (code) {
    case Code::unsupported:
    case Code::too_large:
    case Code::corrupt_input:
    case Code::deadline_exceeded:
    case Code::decoder_crashed:
      return true;
    default:
      return false;
  }
}

TEST_F(Corpus, EveryImageEndsAsTheManifestSays) {
  std::map<Code, int> ends;
  for (const Row& row : rows_) {
    SCOPED_TRACE(row.file);
    const SteadyTime begin = clock_.now();
    const Result<Thumbnails> made = make(row.file);
    EXPECT_LT(clock_.now() - begin, std::chrono::seconds(17));  // the wall limit, and some
    ++ends[made.status().code()];
    if (made.ok()) {
      EXPECT_NE(row.expect, "reject");
      if (row.file.starts_with("good/")) expect_right(row, *made);
      continue;
    }
    EXPECT_NE(row.expect, "thumb") << made.status().to_string();
    EXPECT_TRUE(is_permanent(made.status().code())) << made.status().to_string();
    if (row.expect == "thumb-or-unsupported") {
      EXPECT_EQ(made.status().code(), Code::unsupported) << made.status().to_string();
    }
    EXPECT_FALSE(made.status().message().empty());
    if (made.status().code() == Code::decoder_crashed) {
      std::cout << row.file << ": " << made.status().to_string() << "\n";
    }
  }
  for (const auto& [code, count] : ends) std::cout << code_name(code) << ": " << count << "\n";
  EXPECT_EQ(metrics_.value(metric::kDecoderRestarts, {"protocol"}), 0);
}

TEST_F(Corpus, NoImageTakesMoreMemoryThanItsHeaderAnnounces) {
  // A process for each image: what an earlier one has taken and freed does not count.
  pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "measured"},
                              .single_command = {DECODER_FOR_TESTS, "measured"},
                              .processes = 1,
                              .images_per_process = 1},
                             metrics_, log_, clock_)
              .value();
  int measured = 0;
  double least_used = 1, most_used = 0;
  for (const Row& row : rows_) {
    SCOPED_TRACE(row.file);
    const Status status = make(row.file).status();
    std::istringstream numbers(status.message());
    std::uint64_t asked = 0, taken = 0;
    if (!(numbers >> asked >> taken)) continue;  // refused by its header
    ++measured;
    EXPECT_LE(taken, asked);
    const double used = static_cast<double>(taken) / static_cast<double>(asked);
    least_used = std::min(least_used, used);
    if (used > most_used)
      std::cout << row.file << ": " << (taken >> 20) << " of " << (asked >> 20) << " MiB\n";
    most_used = std::max(most_used, used);
  }
  EXPECT_GT(measured, 100);
  std::cout << measured << " images took " << least_used << " to " << most_used
            << " of what they asked for\n";
}

TEST_F(Corpus, AllOrientationsOfOnePictureLookTheSame) {
  std::optional<Picture> first;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const auto made = make("good/images__Landscape_" + std::to_string(orientation) + ".jpg");
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    Picture picture = decode_picture(made->renditions.at(0).bytes.to_string().value());
    if (!first) first = picture;
    EXPECT_LE(mean_difference(*first, picture), 4);
  }
}

TEST_F(Corpus, HostileImagesLeaveTheirNeighboursAlone) {
  const std::string good = "good/kodak__20.png";
  const auto expected = make(good);
  ASSERT_TRUE(expected.ok());
  const std::string bytes = expected->renditions.at(0).bytes.to_string().value();
  for (const Row& row : rows_) {
    if (!row.file.starts_with("bad/libheif") && !row.file.starts_with("bad/seed")) continue;
    SCOPED_TRACE(row.file);
    // Its own end is another test's matter; here it is what comes before the good one.
    (void)make(row.file);
    const auto after = make(good);
    ASSERT_TRUE(after.ok()) << after.status().to_string();
    EXPECT_EQ(after->renditions.at(0).bytes.to_string().value(), bytes);
  }
}

}  // namespace
}  // namespace thumbmill
