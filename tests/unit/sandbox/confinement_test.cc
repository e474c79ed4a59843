// A decoder that was taken over, in a confined process: each of its deeds ends as it must, the pool
// refuses whatever it answers, and the next image is made. Needs no right, and gets none: see
// `unprivileged`. Where the kernel cannot confine these tests fail; builds with a sanitizer, which
// confine in part only, do not have them.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deeds.h"
#include "fakes/quiet.h"
#include "fakes/recording_metrics.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

std::string decoder_for_tests() {
  const char* named = std::getenv("DECODER_FOR_TESTS");
  return named != nullptr ? named : DECODER_FOR_TESTS;
}

class Confinement : public ::testing::TestWithParam<Deed> {
 protected:
  void SetUp() override {
    DecoderPoolOptions options;
    options.command = {decoder_for_tests(), "misbehave"};
    options.single_command = options.command;
    options.processes = 1;
    options.limits.cpu_time = std::chrono::seconds(1);
    auto started = DecoderPool::start(options, metrics_, log_, clock_);
    ASSERT_TRUE(started.ok()) << started.status().to_string();
    pool_ = std::move(started).value();
  }

  Result<Thumbnails> run(std::string_view command, ImageFormat format) {
    ThumbnailRequest request;
    request.format = format;
    request.source = Blob("\xff\xd8\xff" + std::string(command));
    request.renditions = {RenditionSpec()};
    return pool_->make(request, {});
  }

  RecordingMetrics metrics_;
  NoLogger log_;
  SystemClock clock_;
  std::unique_ptr<DecoderPool> pool_;
};

TEST_P(Confinement, EndsTheDeed) {
  const Deed& deed = GetParam();
  for (const ImageFormat format : {ImageFormat::jpeg, ImageFormat::heic}) {
    const auto made = run("do " + std::string(deed.name), format);
    ASSERT_FALSE(made.ok()) << "it was done";
    const Status status = made.status();
    switch (deed.expected) {
      case Outcome::killed:
        EXPECT_EQ(status.code(), Code::decoder_crashed) << status.to_string();
        EXPECT_THAT(status.detail(), HasSubstr("signal 31 (Bad system call): a system call that"));
        break;
      case Outcome::refused:
        EXPECT_EQ(status.code(), Code::too_large) << status.to_string();
        EXPECT_THAT(status.message(), HasSubstr("refused"));
        break;
      case Outcome::dies:
        // One that was at work all the time is not tried again.
        EXPECT_TRUE(status.code() == Code::decoder_crashed ||
                    status.code() == Code::deadline_exceeded ||
                    status.message().find("decoder-wall-time") != std::string::npos)
            << status.to_string();
        break;
    }
    const auto after = run("good", format);
    EXPECT_TRUE(after.ok()) << after.status().to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(Deeds, Confinement,
                         ::testing::ValuesIn(all_deeds().begin(), all_deeds().end()),
                         [](const auto& instance) {
                           std::string name(instance.param.name);
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

class Sandbox : public Confinement {
 protected:
  // Pools of which the one program or the other has that fault.
  static std::vector<DecoderPoolOptions> with_fault(const char* fault) {
    const std::vector<std::string> good{decoder_for_tests(), "misbehave"};
    const std::vector<std::string> faulty{decoder_for_tests(), fault};
    return {{.command = faulty, .single_command = good},
            {.command = good, .single_command = faulty}};
  }
};

TEST_F(Sandbox, TellsWhatProtectsThisMachine) {
  const Protection& protection = pool_->protection();
  EXPECT_TRUE(protection.confined);
  EXPECT_THAT(protection.refused, ::testing::SizeIs(::testing::Ge(10u)));
  EXPECT_THAT(protection.refused, ::testing::Contains("open a file"));
  EXPECT_THAT(protection.seen_from_outside, HasSubstr("Seccomp: 2"));
  EXPECT_THAT(protection.seen_from_outside, HasSubstr("NoNewPrivs: 1"));
  EXPECT_THAT(protection.seen_from_outside, HasSubstr("CapEff: 0000000000000000"));
}

// The self-test has to be able to fail: a filter that lets a deed through is found and named.
TEST_F(Sandbox, AHoleIsFoundAndNamed) {
  for (const DecoderPoolOptions& options : with_fault("with-a-hole")) {
    const auto started = DecoderPool::start(options, metrics_, log_, clock_);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.status().code(), Code::internal);
    EXPECT_THAT(started.status().message(), HasSubstr("a confined process could open a file"));
  }
}

TEST_F(Sandbox, AMachineThatCannotConfineIsRefused) {
  for (const DecoderPoolOptions& options : with_fault("without-seccomp")) {
    const auto started = DecoderPool::start(options, metrics_, log_, clock_);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.status().code(), Code::unavailable);
    EXPECT_THAT(started.status().message(), HasSubstr(decoder_for_tests()));
    EXPECT_THAT(started.status().detail(), HasSubstr("the sandbox: "));
  }
}

TEST_F(Sandbox, AThreadOrCodeThatCanBeWrittenInTheZygoteIsRefused) {
  for (const char* fault : {"with-a-thread", "with-writable-code"}) {
    SCOPED_TRACE(fault);
    for (DecoderPoolOptions& options : with_fault(fault)) {
      const auto started = DecoderPool::start(options, metrics_, log_, clock_);
      ASSERT_FALSE(started.ok());
      EXPECT_EQ(started.status().code(), Code::unavailable);
      options.confined = false;
      EXPECT_TRUE(DecoderPool::start(options, metrics_, log_, clock_).ok());
    }
  }
}

}  // namespace
}  // namespace thumbmill
