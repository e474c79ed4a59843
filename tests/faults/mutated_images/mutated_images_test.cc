// That mutated_images sees what it is there to see: decoders with a flaw on command, and the
// reports of sanitizers.
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "campaign.h"
#include "reference/vips_thumbnailer.h"
#include "reports.h"
#include "sandbox/seccomp_filter.h"
#include "temp_directory.h"

namespace thumbmill {
namespace {

constexpr std::string_view kOverflow =
    "=================================================================\n"
    "==77==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000110 at pc 0x7f\n"
    "READ of size 4 at 0x602000000110 thread T0\n"
    "    #0 0x7fe1 in __interceptor_memcpy "
    "../../../../src/libsanitizer/sanitizer_common/x.inc:827\n"
    "    #1 0x55d0 in std::copy(char*) /usr/include/c++/12/bits/stl_algobase.h:385\n"
    "    #2 0x55d1 in thumbmill::jpeg::skim(int) /somewhere/src/image/jpeg/skim_decoder.cc:52\n"
    "    #3 0x55d2 in main /somewhere/src/main.cc:3\n"
    "\n"
    "0x602000000110 is located 0 bytes to the right of 32-byte region\n"
    "allocated by thread T0 here:\n"
    "    #0 0x7fe2 in __interceptor_malloc ../../../../src/libsanitizer/asan/malloc.cpp:69\n"
    "    #1 0x7fe3 in tiffopen (/lib/x86_64-linux-gnu/libtiff.so.6+0x99)\n";

TEST(Blame, PassesOverRuntimesAndHeadersToOurs) {
  const Blame blamed = blame(kOverflow, "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::ours);
  EXPECT_EQ(blamed.kind, "heap-buffer-overflow");
  EXPECT_EQ(blamed.place, "src/image/jpeg/skim_decoder.cc:52");
}

TEST(Blame, NamesALibraryAndItsFunction) {
  const Blame blamed = blame(
      "==9==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000018 (pc 0x7f bp 0x0)\n"
      "==9==The signal is caused by a READ memory access.\n"
      "    #0 0x7f27 in __memcpy_avx (/lib/x86_64-linux-gnu/libc.so.6+0x16)\n"
      "    #1 0x7f28 in heif::Box::parse(int) (/lib/x86_64-linux-gnu/libheif.so.1+0x21) (BuildId: "
      "1)\n"
      "    #2 0x55d2 in main /somewhere/src/main.cc:3\n",
      "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::third_party);
  EXPECT_EQ(blamed.kind, "SEGV");
  EXPECT_EQ(blamed.place, "libheif.so.1 heif::Box::parse");
}

TEST(Blame, GoesByTheModuleWhereItHasBoth) {
  const Blame blamed = blame(
      "==9==ERROR: AddressSanitizer: ABRT on unknown address 0x000000001ac6 (pc 0x7f bp 0x0 T0)\n"
      "    #0 0x7fb0 in __GI_raise ../sysdeps/posix/raise.c:26 (/lib/libc.so.6+0x3bfb1)\n"
      "    #1 0x7fb1 in __interceptor_x asan/x.cc:5 (/build/mutated_images_decoder+0x3bf)\n"
      "    #2 0x7fb2 in decode (int) ../src/obu.c:44 (/lib/libdav1d.so.6+0x3bfb1)\n",
      "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::third_party);
  EXPECT_EQ(blamed.kind, "ABRT");
  EXPECT_EQ(blamed.place, "libdav1d.so.6 decode");
}

TEST(Blame, TakesAFrameWithoutAName) {
  const Blame blamed = blame(
      "==9==ERROR: AddressSanitizer: attempting double-free on 0x602000000110 in thread T0:\n"
      "    #0 0x7f27 in free (/lib/x86_64-linux-gnu/libasan.so.8+0x16)\n"
      "    #1 0x7f28  (<unknown module>)\n"
      "    #2 0x7f29  (/lib/x86_64-linux-gnu/libde265.so.0+0x21)\n",
      "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::third_party);
  EXPECT_EQ(blamed.kind, "attempting double-free");
  EXPECT_EQ(blamed.place, "libde265.so.0 ");
}

TEST(Blame, TakesTheLineThatUndefinedBehaviourNames) {
  const Blame blamed = blame(
      "../../src/image/resample.cc:12:3: runtime error: signed integer overflow: 1 + 2\n"
      "    #0 0x7f28 in other (/lib/x86_64-linux-gnu/libvips.so.42+0x21)\n",
      "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::ours);
  EXPECT_EQ(blamed.kind, "undefined behaviour");
  EXPECT_EQ(blamed.place, "src/image/resample.cc:12:3");
}

TEST(Blame, TakesUndefinedBehaviourInAHeaderByItsCaller) {
  const Blame blamed = blame(
      "/usr/include/c++/12/bits/stl_vector.h:1123:34: runtime error: reference binding to null\n"
      "    #0 0x55d0 in std::vector<int>::back() /usr/include/c++/12/bits/stl_vector.h:1123\n"
      "    #1 0x55d1 in thumbmill::take(int) src/image/vips/png_reader.cc:9\n",
      "exit code 1");
  EXPECT_EQ(blamed.culprit, Culprit::ours);
  EXPECT_EQ(blamed.place, "src/image/vips/png_reader.cc:9");
}

TEST(Blame, KnowsOurInvariantsAndSaysWhenItKnowsNothing) {
  const Blame ours = blame("process 7\n/a/src/base/blob.cc:12: invariant broken: x\n", "signal 6");
  EXPECT_EQ(ours.culprit, Culprit::ours);
  EXPECT_EQ(ours.place, "src/base/blob.cc:12");
  const Blame unknown = blame("process 7\n", "signal 11 (Segmentation fault)");
  EXPECT_EQ(unknown.culprit, Culprit::unknown);
  EXPECT_EQ(unknown.kind, "signal 11 (Segmentation fault)");
}

TEST(SanitizerReports, AWarningIsNoFault) {
  const TempDirectory directory;
  std::ofstream(directory.path() + "/report.7")
      << "==7==WARNING: AddressSanitizer failed to allocate 0x666f726e bytes\n";
  std::ofstream(directory.path() + "/report.8")
      << "==8==ERROR: AddressSanitizer: SEGV on unknown\n";
  std::ofstream(directory.path() + "/report.9") << "src/a.cc:1:2: runtime error: shift\n";
  const SanitizerReports reports(directory.path());
  EXPECT_EQ(reports.left().size(), 2u);
  EXPECT_NE(reports.take(8), "");
  EXPECT_EQ(reports.take(8), "");
  EXPECT_EQ(reports.left().size(), 1u);
}

class MutatedImages : public ::testing::Test {
 protected:
  Tally run(std::string_view flaw, std::uint64_t count) {
    CampaignOptions options{.decoder = MUTATED_IMAGES_DECODER,
                            .flaw = std::string(flaw),
                            .keep = kept_.path(),
                            .count = count};
    return run_campaign(mutator_, options, {}).value();
  }

  // All findings are of that kind and place, and there are some.
  void expect_found(const Tally& tally, Culprit culprit, std::string_view kind,
                    std::string_view place) {
    EXPECT_GT(tally.findings.size(), 0u);
    EXPECT_EQ(tally.findings.size(), tally.ended(Code::decoder_crashed));
    for (const Finding& finding : tally.findings) {
      EXPECT_EQ(finding.blame.culprit, culprit) << finding.number;
      EXPECT_EQ(finding.blame.kind.substr(0, kind.size()), kind) << finding.number;
      EXPECT_EQ(finding.blame.place.substr(0, place.size()), place) << finding.number;
      EXPECT_TRUE(
          std::filesystem::exists(kept_.path() + "/" + std::to_string(finding.number) + ".txt"));
    }
    EXPECT_TRUE(tally.failures.empty()) << tally.failures.front();
  }

  const std::unique_ptr<VipsThumbnailer> vips_ = VipsThumbnailer::create().value();
  // Few and quick ones: this is about what is seen, not about what there is to see.
  const std::vector<Seed> seeds_ = [] {
    std::vector<Seed> quick;
    for (Seed& seed : made_seeds()) {
      if (seed.format == ImageFormat::jpeg || seed.format == ImageFormat::pnm) {
        quick.push_back(std::move(seed));
      }
    }
    return quick;
  }();
  const Mutator mutator_{seeds_, 1};
  const TempDirectory kept_;
};

TEST_F(MutatedImages, SoundDecodersAreFoundSound) {
  const Tally tally = run("", 60);
  EXPECT_TRUE(tally.good());
  EXPECT_EQ(tally.findings.size(), 0u);
  EXPECT_EQ(tally.given() + tally.unrecognised + tally.not_decoded, 60u);
  EXPECT_GT(tally.ended(Code::ok), 0u);
  EXPECT_GT(tally.ended(Code::corrupt_input), 0u);
}

TEST_F(MutatedImages, AnInvariantThatBreaksIsOurs) {
  const Tally tally = run("invariant", 40);
  EXPECT_FALSE(tally.good());
  expect_found(tally, Culprit::ours, kSanitizerBuild ? "ABRT" : "invariant broken",
               "tests/faults/mutated_images/decoder.cc");
}

TEST_F(MutatedImages, AFailureOfOurOwnIsAFailure) {
  const Tally tally = run("internal", 40);
  EXPECT_FALSE(tally.good());
  EXPECT_GT(tally.failures.size(), 0u);
  EXPECT_TRUE(tally.findings.empty());
}

TEST_F(MutatedImages, ACrashThatNothingTellsOfIsNotIgnored) {
  if (kSanitizerBuild) GTEST_SKIP() << "there a report tells";
  const Tally tally = run("library", 40);
  EXPECT_FALSE(tally.good());
  expect_found(tally, Culprit::unknown, "signal 11", "");
}

TEST_F(MutatedImages, WhatSanitizersSeeIsFound) {
  if (!kSanitizerBuild) GTEST_SKIP() << "not a build with sanitizers";
  const Tally overflow = run("overflow", 40);
  EXPECT_FALSE(overflow.good());
  expect_found(overflow, Culprit::ours, "heap-buffer-overflow",
               "tests/faults/mutated_images/decoder.cc");
  const Tally undefined = run("undefined", 40);
  EXPECT_FALSE(undefined.good());
  expect_found(undefined, Culprit::ours, "undefined behaviour",
               "tests/faults/mutated_images/decoder.cc");
  const Tally library = run("library", 40);
  EXPECT_TRUE(library.good());
  expect_found(library, Culprit::third_party, "SEGV", "libvips.so");
}

TEST_F(MutatedImages, DamageGetsPastAPngsChecks) {
  std::vector<Seed> seeds;
  for (Seed& seed : made_seeds()) {
    if (seed.format == ImageFormat::png) seeds.push_back(std::move(seed));
  }
  const Mutator mutator(seeds, 1);
  CampaignOptions options{
      .decoder = MUTATED_IMAGES_DECODER, .flaw = "", .keep = kept_.path(), .count = 60};
  const Tally tally = run_campaign(mutator, options, {}).value();
  EXPECT_TRUE(tally.good());
  // Of damage to the file alone one in seven leaves a picture.
  EXPECT_GT(tally.ended(Code::ok), 12u);
  EXPECT_GT(tally.ended(Code::corrupt_input), 6u);
}

TEST_F(MutatedImages, ANumberGivesTheSameFileAlways) {
  const Mutator same(seeds_, 1), other(seeds_, 2);
  std::set<std::string> different;
  int others = 0;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const std::string bytes = mutator_.make(number).bytes;
    EXPECT_EQ(bytes, same.make(number).bytes);
    others += bytes != other.make(number).bytes ? 1 : 0;
    different.insert(bytes);
  }
  EXPECT_GT(different.size(), 190u);
  EXPECT_GT(others, 190);
}

TEST(Seeds, AreOfEveryFormatThatIsDecoded) {
  const auto vips = VipsThumbnailer::create().value();
  const std::vector<Seed> seeds = made_seeds();
  std::set<ImageFormat> formats;
  for (const Seed& seed : seeds) formats.insert(seed.format);
  for (const ImageFormat format :
       {ImageFormat::jpeg, ImageFormat::png, ImageFormat::webp, ImageFormat::gif, ImageFormat::tiff,
        ImageFormat::heic, ImageFormat::avif, ImageFormat::pnm, ImageFormat::bmp, ImageFormat::ico,
        ImageFormat::tga, ImageFormat::psd, ImageFormat::jxl, ImageFormat::jp2}) {
    EXPECT_TRUE(formats.contains(format)) << image_format_info(format).name;
  }
}

TEST(Seeds, AreTheSameInEveryRun) {
  const auto vips = VipsThumbnailer::create().value();
  const std::vector<Seed> first = made_seeds();
  const std::vector<Seed> second = made_seeds();
  ASSERT_EQ(first.size(), second.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_TRUE(first[i].bytes == second[i].bytes) << first[i].name;
  }
}

}  // namespace
}  // namespace thumbmill
