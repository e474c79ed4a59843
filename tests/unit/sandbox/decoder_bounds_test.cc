// What a decoder may use for an image: memory, room for its answer, and processor time, for one
// image and over its life.
#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <time.h>

#include "decoder_pool_fixture.h"
#include "fakes/eventually.h"
#include "model/rendition_pixels.h"
#include "sandbox/memory_limit.h"
#include "sandbox/output_file.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/wire.h"

namespace thumbmill {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

std::chrono::nanoseconds cpu_time_of(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// A header that says little, and pixels that take much.
TEST_F(DecoderPoolTest, AnImageThatTakesMoreThanItAskedForIsTooLarge) {
  if (kSanitizerBuild) GTEST_SKIP() << "sanitizers take addresses of their own";
  start_greedy();
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::heic}) {
    const Status status = pool_->make(request_for("10 300", format), {}).status();
    EXPECT_EQ(status.code(), Code::too_large) << status.to_string();
    const std::uint64_t taken = std::stoull(status.detail()) << 20;
    EXPECT_GE(taken, 10u << 20);
    constexpr std::uint64_t kFreeBefore = 2 << 20;  // in its heap
    EXPECT_LE(taken, kUnaskedBytes + kMemorySlackBytes + kFreeBefore);
    EXPECT_TRUE(pool_->make(request_for("10 10", format), {}).ok());
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

TEST_F(DecoderPoolTest, ASharedProcessHasTheMemoryOfEachImageInTurn) {
  if (kSanitizerBuild) GTEST_SKIP() << "sanitizers take addresses of their own";
  start_greedy();
  for (const char* image : {"10 10", "120 120", "0 10", "100 120", "10 10"}) {
    const auto made = run(image);
    EXPECT_TRUE(made.ok()) << image << ": " << made.status().to_string();
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderRestarts, {"failed"}), 0);
  EXPECT_EQ(run("10 200").status().code(), Code::too_large);
}

TEST_F(DecoderPoolTest, AnAnswerHasNoMoreRoomThanItsRenditionsCanNeed) {
  start();
  ThumbnailRequest request = request_for("fill-output");
  const auto room = [&] { return std::stoull(pool_->make(request, {}).status().message()); };
  EXPECT_EQ(room(), OutputFile::kKeptBytes);
  request.renditions = {RenditionSpec{.width_px = 1000, .height_px = 1000}};
  EXPECT_LE(room(), most_output_bytes(request.renditions));
  request.renditions.assign(8, RenditionSpec{.width_px = 8192, .height_px = 8192});
  for (std::size_t i = 0; i < 8; ++i) request.renditions[i].name = std::string(1, char('a' + i));
  EXPECT_EQ(most_output_bytes(request.renditions), kOutputBytes);
  // A small output that follows a large one is small.
  request.renditions = {RenditionSpec()};
  EXPECT_EQ(room(), OutputFile::kKeptBytes);
}

TEST_F(DecoderPoolTest, AnOutputThatMayBeLargeIsCountedInTheBudget) {
  start_with_budget(2, 64 << 20);
  ThumbnailRequest large = request_for("hang");
  large.renditions = {RenditionSpec{.width_px = 4000, .height_px = 3000}};
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread first([&] { (void)pool_->make(large, context); });
  ASSERT_TRUE(eventually("its memory is counted",
                         [&] { return metrics_.value(metric::kDecoderAdmitted) > 0; }));
  EXPECT_EQ(metrics_.value(metric::kDecoderAdmitted),
            static_cast<double>(most_output_bytes(large.renditions)));
  OpContext late;
  late.deadline = clock_.now() + milliseconds(50);
  const Status status = pool_->make(large, late).status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), HasSubstr("memory"));
  stop.request_stop();
  first.join();
  // One that could be larger than the whole budget has all of it.
  large = request_for("good");
  large.renditions = {RenditionSpec{.width_px = 8192, .height_px = 8192}};
  EXPECT_TRUE(pool_->make(large, {}).ok());
}

// Otherwise the worker's copies of one part of the output could be larger than the whole.
TEST_F(DecoderPoolTest, RenditionsInThePlaceOfOthersAreNotBelieved) {
  start();
  ThumbnailRequest request = request_for("good");
  request.renditions = {RenditionSpec{.name = "a"}, RenditionSpec{.name = "b"}};
  EXPECT_TRUE(pool_->make(request, {}).ok());
  request.source = request_for("overlap").source;
  EXPECT_EQ(pool_->make(request, {}).status().code(), Code::decoder_crashed);
  EXPECT_EQ(restarts("protocol"), 1);
  expect_well();
}

TEST_F(DecoderPoolTest, ADecoderThatLiftsItsCpuLimitIsNotBelieved) {
  start();
  ThumbnailRequest request = request_for("work 3200");
  request.limits.cpu_time = milliseconds(50);
  request.limits.wall_time = std::chrono::minutes(2);  // on a machine with other work
  const Status status = pool_->make(request, {}).status();
  EXPECT_EQ(status.code(), Code::decoder_crashed);
  EXPECT_THAT(status.detail(), HasSubstr("decoder-cpu-time"));
  EXPECT_EQ(restarts("protocol"), 1);
  expect_well();
}

// All images of a process together.
TEST_F(DecoderPoolTest, AProcessThatHasUsedManyImagesTimeIsReplaced) {
  DecoderPoolOptions options{.command = {DECODER_FOR_TESTS, "misbehave"},
                             .single_command = {DECODER_FOR_TESTS, "misbehave", "single"},
                             .processes = 1,
                             .images_per_process = 1000};
  options.limits.cpu_time = milliseconds(200);
  pool_ = DecoderPool::start(options, metrics_, log_, clock_).value();
  EXPECT_TRUE(run("work 100").ok());
  EXPECT_EQ(restarts("recycled"), 0);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(run("work 100").ok());
  EXPECT_EQ(restarts("recycled"), 1);
}

TEST_F(DecoderPoolTest, ADecoderThatWorksWithoutAnImageIsReplaced) {
  start();
  const pid_t before = decoder();
  EXPECT_TRUE(run("work-on").ok());
  ASSERT_TRUE(eventually("the decoder works on",
                         [&] { return cpu_time_of(before) >= milliseconds(1000); }));
  EXPECT_NE(decoder(), before);
  EXPECT_EQ(restarts("protocol"), 1);
}

// While no image comes, it is the kernel that ends it.
TEST_F(DecoderPoolTest, AProcessCannotUseMoreThanAFewImagesTime) {
  DecoderPoolOptions options{.command = {DECODER_FOR_TESTS, "misbehave"},
                             .single_command = {DECODER_FOR_TESTS, "misbehave", "single"},
                             .processes = 1};
  options.limits.cpu_time = std::chrono::seconds(10);
  pool_ = DecoderPool::start(options, metrics_, log_, clock_).value();
  EXPECT_EQ(run("cpu-limit").status().message(), "40");
  EXPECT_EQ(
      pool_->make(request_for("cpu-limit", ImageFormat::heic), {}).status().message(),
      std::to_string(13 + longest_writing_allowance(options.limits.max_rendition_pixels).count()));
}

}  // namespace
}  // namespace thumbmill
