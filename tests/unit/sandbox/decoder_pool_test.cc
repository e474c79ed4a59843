// DecoderPool against decoders that crash, hang and lie.
#include "sandbox/decoder_pool.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_file.h"
#include "fakes/recording_metrics.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;

/// Keeps every line with its fields.
class RecordingLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    text_ += message;
    for (const LogField& field : fields) {
      if (const auto* value = std::get_if<std::string_view>(&field.value)) {
        text_ += " " + std::string(field.name) + "=" + std::string(*value);
      }
    }
    text_ += "\n";
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;  // guarded by mutex_
};

// The processes whose parent is `parent`, by /proc/<pid>/stat (proc(5)): the dead ones that nobody
// waited for included.
std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      continue;
    }
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text);
    const std::size_t behind_name = text.rfind(')');
    if (behind_name == std::string::npos) continue;
    if (std::atoi(text.c_str() + behind_name + 4) == parent) found.push_back(std::stoi(name));
  }
  return found;
}

pid_t zygote() { return children_of(::getpid()).at(0); }

// The zygote forks and buries in its own time.
bool comes_to_have_decoders(std::size_t count) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (children_of(zygote()).size() != count) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class DecoderPoolTest : public ::testing::Test {
 protected:
  void start(std::size_t processes = 1, std::uint64_t images = 1000, bool confined = true) {
    pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "misbehave"},
                                .processes = processes,
                                .images_per_process = images,
                                .confined = confined},
                               metrics_, log_, clock_)
                .value();
  }

  void start_with_budget(std::size_t processes, std::uint64_t bytes) {
    pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "misbehave"},
                                .processes = processes,
                                .memory_budget_bytes = bytes},
                               metrics_, log_, clock_)
                .value();
  }

  // What was handed over is looked at without the wall of forbidden calls before it.
  void start_unconfined() { start(1, 1000, false); }

  static ThumbnailRequest request_for(std::string_view command,
                                      ImageFormat format = ImageFormat::jpeg) {
    ThumbnailRequest request;
    request.format = format;
    request.source = Blob("\xff\xd8\xff" + std::string(command));
    request.renditions = {RenditionSpec()};
    return request;
  }

  Result<Thumbnails> run(std::string_view command) { return pool_->make(request_for(command), {}); }

  // Whatever happened before, the next image is made.
  void expect_well() {
    const auto made = run("good");
    EXPECT_TRUE(made.ok()) << made.status().to_string();
  }

  // The process that makes the next image of that format.
  pid_t decoder(ImageFormat format = ImageFormat::jpeg) {
    const auto made = pool_->make(request_for("pid", format), {});
    return made.ok() ? std::stoi(made->renditions.at(0).facts.placeholder) : -1;
  }

  double restarts(std::string_view reason) const {
    return metrics_.value(metric::kDecoderRestarts, {reason});
  }

  RecordingMetrics metrics_;
  RecordingLogger log_;
  SystemClock clock_;
  std::unique_ptr<DecoderPool> pool_;
};

TEST_F(DecoderPoolTest, HandsOverWhatAGoodDecoderMakes) {
  start();
  const auto made = run("good");
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_EQ(made->source_size, (SizePx{640, 480}));
  ASSERT_EQ(made->renditions.size(), 1u);
  EXPECT_EQ(made->renditions[0].facts.size, (SizePx{200, 150}));
  EXPECT_THAT(made->renditions[0].bytes.to_string().value(), HasSubstr("not quite a picture"));
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

TEST_F(DecoderPoolTest, PassesARefusalOnAndReplacesTheProcess) {
  start();
  const pid_t before = decoder();
  const Status status = run("refuse").status();
  EXPECT_EQ(status.code(), Code::corrupt_input);
  EXPECT_EQ(status.message(), "the image cannot be decoded");
  EXPECT_EQ(status.detail(), "told so");
  EXPECT_NE(decoder(), before);
  EXPECT_EQ(restarts("failed"), 1);
}

TEST_F(DecoderPoolTest, ACrashCostsOneImage) {
  start();
  for (const char* command : {"crash", "segfault", "exit", "close"}) {
    SCOPED_TRACE(command);
    const Status status = run(command).status();
    EXPECT_EQ(status.code(), Code::decoder_crashed);
    EXPECT_EQ(status.message(), "the decoder failed on this image");
    expect_well();
  }
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 4);
  EXPECT_EQ(restarts("crashed"), 4);
  EXPECT_THAT(log_.text(), HasSubstr("last words"));
  EXPECT_THAT(log_.text(), HasSubstr("signal 6"));
  EXPECT_THAT(log_.text(), HasSubstr("signal 11"));
  EXPECT_THAT(log_.text(), HasSubstr("exit code 0"));
}

TEST_F(DecoderPoolTest, BelievesNoLie) {
  start();
  const std::vector<const char*> lies{
      "other-name",  "other-format",    "other-size",   "huge-size",    "huge-source",
      "no-source",   "not-an-image",    "whole-output", "past-the-end", "overflow",
      "bad-color",   "bad-placeholder", "none",         "too-many",     "lease-lost",
      "unavailable", "unprintable",     "garbage",      "too-large",    "descriptors"};
  for (const char* command : lies) {
    SCOPED_TRACE(command);
    EXPECT_EQ(run(command).status().code(), Code::decoder_crashed);
    expect_well();
  }
  EXPECT_EQ(restarts("protocol"), static_cast<double>(lies.size()));
}

TEST_F(DecoderPoolTest, ASecondReplyIsNotTakenForTheNextImages) {
  start();
  ASSERT_TRUE(run("twice").ok());
  // The second reply fits the next request as well: it must not stand in for the answer.
  EXPECT_EQ(run("refuse").status().code(), Code::corrupt_input);
  EXPECT_EQ(restarts("protocol"), 1);
}

TEST_F(DecoderPoolTest, AHangEndsAtTheWallLimit) {
  start();
  ThumbnailRequest request = request_for("hang");
  request.limits.wall_time = std::chrono::milliseconds(50);
  const Status status = pool_->make(request, {}).status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), HasSubstr("decoder-wall-time (50 ms)"));
  EXPECT_EQ(restarts("timed_out"), 1);
  expect_well();
}

TEST_F(DecoderPoolTest, AHangEndsAtTheCallersDeadline) {
  start();
  OpContext context;
  context.deadline = clock_.now() + std::chrono::milliseconds(50);
  const Status status = pool_->make(request_for("hang"), context).status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), ::testing::Not(HasSubstr("wall-time")));
  expect_well();
}

TEST_F(DecoderPoolTest, SpinningEndsAtTheCpuLimit) {
  start();
  const Status status = run("spin").status();
  EXPECT_EQ(status.code(), Code::deadline_exceeded);
  EXPECT_THAT(status.message(), HasSubstr("decoder-cpu-time"));
  EXPECT_EQ(restarts("timed_out"), 1);
  expect_well();
}

TEST_F(DecoderPoolTest, AStopRequestKillsTheDecoder) {
  start();
  std::stop_source stop;
  OpContext context;
  context.stop = stop.get_token();
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_EQ(pool_->make(request_for("hang"), context).status().code(), Code::cancelled);
  stopper.join();
  expect_well();
}

TEST_F(DecoderPoolTest, WaitingForAProcessEndsAtTheDeadlineAndOnAStop) {
  start();
  std::stop_source stop;
  OpContext hanging;
  hanging.stop = stop.get_token();
  std::jthread busy([&] { (void)pool_->make(request_for("hang"), hanging); });
  OpContext context;
  Status status;
  // Until the only process is taken this call gets it, and hangs until its own deadline.
  do {
    context.deadline = clock_.now() + std::chrono::milliseconds(20);
    status = pool_->make(request_for("hang"), context).status();
    ASSERT_EQ(status.code(), Code::deadline_exceeded);
  } while (status.message() != "no decoder became free in time");
  std::stop_source other;
  context = {};
  context.stop = other.get_token();
  std::jthread stopper([&other] { other.request_stop(); });
  EXPECT_EQ(pool_->make(request_for("good"), context).status().code(), Code::cancelled);
  stop.request_stop();
  busy.join();
  expect_well();
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
  start(2);
  const pid_t first = zygote();
  ::kill(first, SIGKILL);
  // Until it is dead and buried, its decoders may still work.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (zygote() == first && std::chrono::steady_clock::now() < patience) {
    const Code code = run("good").status().code();
    EXPECT_TRUE(code == Code::ok || code == Code::unavailable) << code_name(code);
  }
  EXPECT_NE(zygote(), first);
  expect_well();
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
  EXPECT_THAT(log_.text(), HasSubstr("zygote is gone"));
}

TEST_F(DecoderPoolTest, AZygoteThatDiesInTheMiddleOfAnImageIsNotTheImagesFault) {
  start();
  std::stop_source stop;
  std::jthread killer([&] {
    // Whenever it strikes: before, during or after the fork.
    for (int i = 0; i < 5; ++i) {
      ::kill(zygote(), SIGKILL);
      while (children_of(::getpid()).empty()) std::this_thread::yield();
    }
  });
  for (int image = 0; image < 50; ++image) {
    const Code code = run("good").status().code();
    EXPECT_TRUE(code == Code::ok || code == Code::unavailable) << code_name(code);
  }
  killer.join();
  expect_well();
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

TEST_F(DecoderPoolTest, DecodersDieWithTheirZygote) {
  start();
  const pid_t orphan = decoder();
  ::kill(zygote(), SIGKILL);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  // A zombie, until init buries it, has no more memory map.
  const auto lives = [&] {
    std::ifstream map("/proc/" + std::to_string(orphan) + "/statm");
    std::uint64_t pages = 0;
    return map >> pages && pages > 0;
  };
  while (lives() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_FALSE(lives());
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
                                   ImageFormat::gif, ImageFormat::pnm, ImageFormat::heic}) {
    const pid_t now = decoder(format);
    EXPECT_THAT(seen, ::testing::Not(::testing::Contains(now)));
    EXPECT_NE(now, pooled);
    seen.push_back(now);
  }
  EXPECT_EQ(decoder(), pooled);
  EXPECT_EQ(restarts("single_use"), 6);
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
            "descriptors 6, environment MALLOC_ARENA_MAX VIPS_WARNING VIPS_NOVECTOR LC_ALL, handed "
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

TEST_F(DecoderPoolTest, WhatADecoderPrintsIsBounded) {
  start();
  EXPECT_EQ(run("chatter").status().code(), Code::decoder_crashed);
  EXPECT_LE(log_.text().size(), 8000u);
  expect_well();
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
  const auto pool =
      DecoderPool::start({.command = {"/nonexistent/decoder"}}, metrics_, log_, clock_);
  EXPECT_FALSE(pool.ok());
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
  for (const char* command : {"need 1 unasked", "need 1 again"}) {
    SCOPED_TRACE(command);
    EXPECT_EQ(run(command).status().code(), Code::decoder_crashed);
    expect_well();
  }
  EXPECT_TRUE(run("need 100").ok());
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

TEST_F(DecoderPoolTest, ChecksTheRequestBeforeADecoderSeesIt) {
  start();
  ThumbnailRequest request = request_for("crash");
  request.renditions.clear();
  EXPECT_EQ(pool_->make(request, {}).status().code(), Code::invalid_argument);
  OpContext late;
  late.deadline = clock_.now();
  EXPECT_EQ(pool_->make(request_for("crash"), late).status().code(), Code::deadline_exceeded);
  EXPECT_EQ(metrics_.value(metric::kDecoderCrashes), 0);
}

}  // namespace
}  // namespace thumbmill
