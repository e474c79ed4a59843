// The canary: alive means that images are decoded.
#include "service/canary.h"

#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/quiet.h"
#include "fakes/sim_clock.h"

namespace thumbmill {
namespace {

// Answers as it is told to, and counts.
class ScriptedThumbnailer final : public Thumbnailer {
 public:
  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    changed_.notify_all();
    deadline_ = context.deadline;
    formats_.push_back(sniff_image_format(request.source.to_string().value()));
    if (!failure_.ok() && (!failing_ || *failing_ == request.format)) return failure_;
    Thumbnails made;
    made.source_size = size_;
    made.renditions.push_back({.facts = {}, .bytes = Blob(std::string("x"))});
    return made;
  }

  void await_calls(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= count; });
  }

  void set_failure(Status failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int calls_ = 0;
  Status failure_;
  SizePx size_{2, 2};
  SteadyTime deadline_;
  std::optional<ImageFormat> failing_;  // none: every format
  std::vector<std::optional<ImageFormat>> formats_;
};

class CanaryTest : public testing::Test {
 protected:
  SimClock clock_;
  NoLogger log_;
  ScriptedThumbnailer thumbnailer_;
  Canary canary_{thumbnailer_, log_, clock_};
};

TEST_F(CanaryTest, IsHealthyForAsLongAsItsPatienceAfterASuccess) {
  ASSERT_TRUE(canary_.probe().ok());
  EXPECT_EQ(thumbnailer_.deadline_, clock_.now() + Canary::kPatience);
  clock_.advance(Canary::kPatience);
  EXPECT_TRUE(canary_.health().ok());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(canary_.health().code(), Code::deadline_exceeded);
  ASSERT_TRUE(canary_.probe().ok());
  EXPECT_TRUE(canary_.health().ok());
}

TEST_F(CanaryTest, AFailureIsForgivenWithinThePatienceAndToldAfterwards) {
  ASSERT_TRUE(canary_.probe().ok());
  thumbnailer_.set_failure(Status(Code::decoder_crashed, "it died"));
  clock_.advance(std::chrono::seconds(30));
  EXPECT_EQ(canary_.probe().code(), Code::decoder_crashed);
  EXPECT_TRUE(canary_.health().ok());
  clock_.advance(Canary::kPatience - std::chrono::seconds(29));
  const Status health = canary_.health();
  EXPECT_EQ(health.code(), Code::decoder_crashed);
  EXPECT_EQ(health.message(), "the canary image: png: it died");
}

TEST_F(CanaryTest, AWrongAnswerIsAFailure) {
  thumbnailer_.size_ = {2, 3};
  EXPECT_EQ(canary_.probe().code(), Code::internal);
}

TEST_F(CanaryTest, ItsImagesAreSuchAsUploadsMayBe) {
  ASSERT_TRUE(canary_.probe().ok());
  EXPECT_THAT(thumbnailer_.formats_, testing::ElementsAre(ImageFormat::png, ImageFormat::tiff));
}

TEST_F(CanaryTest, OneProgramThatFailsIsEnough) {
  for (const ImageFormat format : {ImageFormat::png, ImageFormat::tiff}) {
    thumbnailer_.failing_ = format;
    thumbnailer_.set_failure(Status(Code::unavailable, "not there"));
    const Status failed = canary_.probe();
    EXPECT_EQ(failed.code(), Code::unavailable);
    EXPECT_TRUE(failed.message().starts_with(image_format_info(format).name)) << failed.message();
  }
}

TEST_F(CanaryTest, BeingStoppedIsNoFailure) {
  thumbnailer_.set_failure(Status(Code::cancelled, "stopped"));
  EXPECT_EQ(canary_.probe().code(), Code::cancelled);
  clock_.advance(Canary::kPatience + std::chrono::seconds(1));
  EXPECT_EQ(canary_.health().code(), Code::deadline_exceeded);
}

TEST_F(CanaryTest, ItsThreadProbesAtTheInterval) {
  canary_.start();
  thumbnailer_.await_calls(2);
  for (int calls = 4; calls <= 8; calls += 2) {
    clock_.await_waiters(1);
    clock_.advance(Canary::kInterval);
    thumbnailer_.await_calls(calls);
  }
  clock_.await_waiters(1);
  EXPECT_TRUE(canary_.health().ok());
  canary_.stop();
  EXPECT_EQ(thumbnailer_.calls_, 8);
}

}  // namespace
}  // namespace thumbmill
