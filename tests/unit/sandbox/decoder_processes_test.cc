// The processes behind a DecoderPool: who gets which, what they are given, and what is left of
// them.
#include <atomic>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_file.h"
#include "decoder_pool_fixture.h"
#include "image/jpeg/made_jpeg.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

// A dead process has no memory, also while nobody has waited for it.
bool has_memory(pid_t process) {
  std::ifstream map("/proc/" + std::to_string(process) + "/statm");
  std::uint64_t pages = 0;
  return map >> pages && pages > 0;
}

TEST_F(DecoderPoolTest, ADecoderKilledBetweenImagesIsNotTheImagesFault) {
  start();
  ::kill(decoder(), SIGKILL);
  // The kernel may take its time, and the process the image with it to the grave.
  const Code code = run("good").status().code();
  EXPECT_TRUE(code == Code::ok || code == Code::decoder_crashed) << code_name(code);
  expect_well();
}

TEST_F(DecoderPoolTest, AZygoteThatDiesIsReplaced) {
  for (const bool single : {false, true}) {
    SCOPED_TRACE(single);
    const ImageFormat format = single ? ImageFormat::heic : ImageFormat::jpeg;
    start(2);
    // Where each image has a process of its own, this one leaves a spare.
    EXPECT_TRUE(pool_->make(request_for("need 1", format), {}).ok());
    const pid_t first = zygote(single);
    ::kill(first, SIGKILL);
    // Until it is dead and buried, its decoders may still work.
    const auto replaced = [&] {
      const pid_t now = find_zygote(single);
      return now > 0 && now != first;
    };
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!replaced() && std::chrono::steady_clock::now() < patience) {
      const Code code = pool_->make(request_for("good", format), {}).status().code();
      EXPECT_TRUE(code == Code::ok || code == Code::unavailable) << code_name(code);
    }
    EXPECT_TRUE(replaced());
    EXPECT_GT(decoder(format), 0);
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
  EXPECT_THAT(log_.text(), HasSubstr("zygote is gone"));
}

TEST_F(DecoderPoolTest, AZygoteThatDiesInTheMiddleOfAnImageIsNotTheImagesFault) {
  for (const bool single : {false, true}) {
    SCOPED_TRACE(single);
    const ImageFormat format = single ? ImageFormat::heic : ImageFormat::jpeg;
    start();
    std::atomic<bool> done{false};
    std::jthread killer([&] {
      // Whenever it strikes: before, during or after the fork.
      for (int i = 0; i < 5; ++i) ::kill(zygote(single), SIGKILL);
      done = true;
    });
    for (int image = 0; image < 50 || !done; ++image) {
      const Code code = pool_->make(request_for("good", format), {}).status().code();
      EXPECT_TRUE(code == Code::ok || code == Code::unavailable) << code_name(code);
    }
    killer.join();
    EXPECT_GT(decoder(format), 0);
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

TEST_F(DecoderPoolTest, DecodersDieWithTheirZygote) {
  start();
  const pid_t orphan = decoder();
  ::kill(zygote(), SIGKILL);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (has_memory(orphan) && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_FALSE(has_memory(orphan));
}

TEST_F(DecoderPoolTest, ReplacesAProcessAfterItsShareOfImages) {
  start(1, 3);
  std::vector<pid_t> seen;
  for (int image = 0; image < 9; ++image) {
    const pid_t now = decoder();
    if (seen.empty() || now != seen.back()) seen.push_back(now);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(1 + image / 3));
  }
  EXPECT_EQ(restarts("recycled"), 3);
}

TEST_F(DecoderPoolTest, FormatsOfTheStrictKindHaveAProcessForEachImage) {
  start();
  const pid_t pooled = decoder();
  std::vector<pid_t> seen;
  for (const ImageFormat format : {ImageFormat::heic, ImageFormat::avif, ImageFormat::tiff,
                                   ImageFormat::jxl, ImageFormat::jp2, ImageFormat::heic}) {
    const pid_t now = decoder(format);
    EXPECT_THAT(seen, ::testing::Not(::testing::Contains(now)));
    EXPECT_NE(now, pooled);
    seen.push_back(now);
  }
  EXPECT_EQ(decoder(), pooled);
  EXPECT_EQ(restarts("single_use"), 6);
}

TEST_F(DecoderPoolTest, TheNextProcessForOneImageIsForkedWhileOneWorks) {
  start();
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread caller(
      [&] { (void)pool_->make(request_for("need 1 hang", ImageFormat::heic), context); });
  EXPECT_TRUE(comes_to_have_decoders(2, true));
  const auto both = children_of(zygote(true));
  stop.request_stop();
  caller.join();
  EXPECT_THAT(both, ::testing::Contains(decoder(ImageFormat::heic)));
}

TEST_F(DecoderPoolTest, AFailureIsNotTriedInAnotherProcess) {
  start();
  for (const char* command : {"leave", "fail good", "crash", "garbage", "unavailable"}) {
    EXPECT_FALSE(run(command).ok()) << command;
  }
  EXPECT_EQ(restarts("single_use"), 0);
}

TEST_F(DecoderPoolTest, ARenditionThatOneProgramWritesHasAProcessOfItsOwn) {
  start();
  for (const ImageFormat format : {ImageFormat::avif, ImageFormat::jxl}) {
    ThumbnailRequest request = request_for("refuse");
    request.renditions[0].format = format;
    EXPECT_EQ(pool_->make(request, {}).status().code(), Code::corrupt_input);
  }
  EXPECT_EQ(restarts("single_use"), 2);
}

TEST_F(DecoderPoolTest, ASharedProcessIsNotHandedAnEarlierImagesThumbnail) {
  start();
  expect_well();
  EXPECT_EQ(run("look-back").status().message(), "nothing");
}

TEST_F(DecoderPoolTest, AProcessForOneImageCrashesAndLiesLikeAnyOther) {
  start();
  for (const char* command :
       {"crash", "exit", "close", "garbage", "descriptors", "refuse", "too-large", "empty"}) {
    SCOPED_TRACE(command);
    const Status status = pool_->make(request_for(command, ImageFormat::heic), {}).status();
    EXPECT_EQ(status.code(),
              std::string_view(command) == "refuse" ? Code::corrupt_input : Code::decoder_crashed);
    EXPECT_GT(decoder(ImageFormat::heic), 0);
  }
  // A second reply dies with its process.
  EXPECT_TRUE(pool_->make(request_for("twice", ImageFormat::heic), {}).ok());
  EXPECT_EQ(pool_->make(request_for("refuse", ImageFormat::heic), {}).status().code(),
            Code::corrupt_input);
}

TEST_F(DecoderPoolTest, LeavesNothingBehind) {
  const std::size_t before = open_descriptors();
  start(3, 2);
  for (const char* command :
       {"good", "crash", "garbage", "twice", "good", "descriptors", "refuse", "too-large"}) {
    (void)run(command);
    EXPECT_TRUE(comes_to_have_decoders(3)) << command;
  }
  const pid_t its_zygote = zygote();
  pool_.reset();
  EXPECT_TRUE(children_of(::getpid()).empty());
  EXPECT_TRUE(children_of(its_zygote).empty());
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(DecoderPoolTest, GivesADecoderNothingButItsTask) {
  const UniqueFd secret(::open("/dev/null", O_RDONLY));  // not close-on-exec
  start_unconfined();
  const std::string facts = run("facts").status().message();
  EXPECT_EQ(facts,
            "descriptors 7, environment MALLOC_ARENA_MAX LC_ALL "
            "LD_BIND_NOW MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_ MALLOC_TOP_PAD_, handed "
            "enough");
}

TEST_F(DecoderPoolTest, AWritableSourceFileIsNotHandedOver) {
  start_unconfined();
  TempFile file = TempFile::create(std::filesystem::temp_directory_path()).value();
  ThumbnailRequest request = request_for("facts");
  ASSERT_TRUE(file.append(request.source.memory()).ok());
  request.source = file.finish();
  EXPECT_THAT(pool_->make(request, {}).status().message(), HasSubstr("handed enough"));
}

TEST_F(DecoderPoolTest, ManyCallersShareFewProcesses) {
  start(2, 5);
  std::atomic<int> good{0}, refused{0}, crashed{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (const char* command : {"good", "crash", "refuse", "good", "garbage", "good"}) {
          const Code code = run(command).status().code();
          if (code == Code::ok) ++good;
          if (code == Code::corrupt_input) ++refused;
          if (code == Code::decoder_crashed) ++crashed;
        }
      });
    }
  }
  EXPECT_EQ(good, 12);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(crashed, 8);
  EXPECT_TRUE(comes_to_have_decoders(2));
}

TEST_F(DecoderPoolTest, TellsTheMemoryOfItsProcesses) {
  start(2);
  expect_well();
  EXPECT_GT(metrics_.value(metric::kDecoderRss), 0);
}

TEST_F(DecoderPoolTest, ACommandThatCannotBeStartedIsFoundAtOnce) {
  const std::vector<std::string> good{DECODER_FOR_TESTS, "misbehave"};
  const std::vector<std::string> missing{"/nonexistent/decoder"}, silent{"/bin/true"};
  for (const DecoderPoolOptions& options :
       {DecoderPoolOptions{.command = missing, .single_command = good},
        DecoderPoolOptions{.command = good, .single_command = missing},
        DecoderPoolOptions{.command = good, .single_command = silent}}) {
    const auto pool = DecoderPool::start(options, metrics_, log_, clock_);
    ASSERT_FALSE(pool.ok());
    EXPECT_EQ(pool.status().code(), Code::unavailable);
    const bool first = options.command != good;
    EXPECT_THAT(pool.status().message(),
                HasSubstr((first ? options.command : options.single_command).front()));
  }
}

TEST_F(DecoderPoolTest, AnImageThatNeedsMoreThanTheBudgetIsTooLarge) {
  start_with_budget(1, 100);
  EXPECT_TRUE(run("need 100").ok());
  const Status status = run("need 101").status();
  EXPECT_EQ(status.code(), Code::too_large);
  EXPECT_THAT(status.message(), HasSubstr("decoder-memory-budget"));
  EXPECT_TRUE(run("need 100").ok());
}

TEST_F(DecoderPoolTest, ANeedOutOfTurnIsNotBelieved) {
  start_with_budget(1, 100);
  for (const char* command : {"need unasked 1", "need 1 unasked 1"}) {
    SCOPED_TRACE(command);
    EXPECT_EQ(run(command).status().code(), Code::decoder_crashed);
    expect_well();
  }
  EXPECT_TRUE(run("need 100").ok());
}

// Two kinds of decoding may follow each other, the second in the memory of the first.
TEST_F(DecoderPoolTest, ALaterNeedTakesThePlaceOfTheOneBefore) {
  start_with_budget(1, 100);
  const auto made = run("need 60 100");
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_EQ(run("need 1 101").status().code(), Code::too_large);
  EXPECT_EQ(run("need 1 1 1").status().code(), Code::decoder_crashed);
  EXPECT_TRUE(run("need 100 100").ok());
}

TEST_F(DecoderPoolTest, WhatALaterNeedGivesUpIsThereForOthers) {
  start_with_budget(2, 100);
  std::stop_source stop;
  OpContext small;
  small.stop = stop.get_token();
  std::jthread first([&] { (void)pool_->make(request_for("need 100 10 hang"), small); });
  while (metrics_.value(metric::kDecoderAdmitted) != 10) std::this_thread::yield();
  EXPECT_TRUE(run("need 90").ok());
  stop.request_stop();
}

// The real kernels, with next to no budget.
TEST_F(DecoderPoolTest, ASmallImageDoesNotAskForMemory) {
  pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS},
                              .single_command = {DECODER_FOR_TESTS},
                              .processes = 1,
                              .memory_budget_bytes = 1},
                             metrics_, log_, clock_)
              .value();
  ThumbnailRequest request;
  request.renditions = {RenditionSpec()};
  request.source = Blob(jpeg::make_jpeg({}));
  const auto small = pool_->make(request, {});
  EXPECT_TRUE(small.ok()) << small.status().to_string();
  request.format = ImageFormat::pnm;
  request.source = Blob("P6 4000 3000 255\n" + std::string(4000 * 3000 * 3, 'x'));
  const Status large = pool_->make(request, {}).status();
  EXPECT_EQ(large.code(), Code::too_large);
  EXPECT_THAT(large.message(), HasSubstr("decoder-memory-budget"));
}

TEST_F(DecoderPoolTest, WaitingForMemoryIsNotTheImagesTime) {
  start_with_budget(2, 100);
  std::stop_source stop;
  OpContext large;
  large.stop = stop.get_token();
  std::jthread first([&] { (void)pool_->make(request_for("need 100 hang"), large); });
  while (metrics_.value(metric::kDecoderAdmitted) != 100) std::this_thread::yield();
  ThumbnailRequest request = request_for("need 1");
  request.limits.wall_time = std::chrono::milliseconds(200);
  Status second;
  std::jthread waiter([&] { second = pool_->make(request, {}).status(); });
  // Time itself is what it needs to get over.
  const SteadyTime later = clock_.now() + std::chrono::milliseconds(400);
  while (clock_.now() < later) std::this_thread::yield();
  stop.request_stop();
  waiter.join();
  EXPECT_TRUE(second.ok()) << second.to_string();
  EXPECT_EQ(restarts("timed_out"), 0);
}

TEST_F(DecoderPoolTest, NothingStaysTakenAfterACrash) {
  start_with_budget(1, 100);
  ThumbnailRequest request = request_for("need 100 hang");
  request.limits.wall_time = std::chrono::milliseconds(50);
  EXPECT_EQ(pool_->make(request, {}).status().code(), Code::deadline_exceeded);
  EXPECT_TRUE(run("need 100").ok());
}

// Otherwise the next image would be let in while the memory that it counts on is still in use.
TEST_F(DecoderPoolTest, ABudgetIsNotFreeBeforeTheMemoryIs) {
  for (const bool single : {false, true}) {
    SCOPED_TRACE(single);
    start_with_budget(2, 100);
    const ImageFormat format = single ? ImageFormat::heic : ImageFormat::jpeg;
    const ImageFormat other_format = single ? ImageFormat::jpeg : ImageFormat::heic;
    std::stop_source stop;
    OpContext context;
    context.stop = stop.get_token();
    std::jthread first([&] { (void)pool_->make(request_for("need 100 hang", format), context); });
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (metrics_.value(metric::kDecoderAdmitted) != 100) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "it is not admitted";
      std::this_thread::yield();
    }
    ASSERT_TRUE(comes_to_have_decoders(2, single));
    const std::vector<pid_t> decoders = children_of(zygote(single));
    const auto all_live = [&] { return std::ranges::all_of(decoders, has_memory); };
    std::atomic<bool> done{false};
    bool too_early = false;
    std::jthread second([&] {
      EXPECT_TRUE(pool_->make(request_for("need 100", other_format), {}).ok());
      too_early = all_live();
      done = true;
    });
    // The zygote is who kills a process that is given up, unless somebody makes sure of its end.
    const pid_t stopped = zygote(single);
    ::kill(stopped, SIGSTOP);
    stop.request_stop();
    while (!done && all_live() && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    ::kill(stopped, SIGCONT);
    second.join();
    EXPECT_FALSE(too_early);
    first.join();
    metrics_.set(metric::kDecoderAdmitted, 0);
  }
}

TEST_F(DecoderPoolTest, AProcessThatAskedForMemoryHasEndedWithItsImage) {
  start();
  for (int image = 0; image < 20; ++image) {
    EXPECT_TRUE(pool_->make(request_for("need 100", ImageFormat::heic), {}).ok());
    EXPECT_LE(children_of(zygote(true)).size(), 1u) << "but for the next image's";
  }
}

TEST_F(DecoderPoolTest, AfterALargeImageAProcessGivesItsMemoryBack) {
  start();
  const pid_t before = decoder();
  EXPECT_TRUE(run("need 1000000").ok());
  EXPECT_EQ(decoder(), before);
  EXPECT_TRUE(run("need 200000000").ok());
  EXPECT_FALSE(has_memory(before));
  EXPECT_NE(decoder(), before);
  EXPECT_EQ(restarts("recycled"), 1);
}

}  // namespace
}  // namespace thumbmill
