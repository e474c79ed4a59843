// What the tests of DecoderPool share: a pool of decoders that misbehave on command, and a look at
// its processes from outside.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "fakes/recording_logger.h"
#include "fakes/recording_metrics.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {

// The processes whose parent is `parent`, by /proc/<pid>/stat (proc(5)): the dead ones that nobody
// waited for included.
inline std::vector<pid_t> children_of(pid_t parent) {
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

// The zygote of the processes that images share, or the one of those for one image each, which is
// told so by its arguments; -1 when there is none that lives.
inline pid_t find_zygote(bool single = false) {
  for (const pid_t child : children_of(::getpid())) {
    std::ifstream file("/proc/" + std::to_string(child) + "/cmdline");
    std::string command;
    std::getline(file, command);  // which, unlike an iterator, does not throw when it has just died
    if (command.empty()) continue;
    if ((command.find("single") != std::string::npos) == single) return child;
  }
  return -1;
}

// The same, once there is one.
inline pid_t zygote(bool single = false) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < patience) {
    if (const pid_t found = find_zygote(single); found > 0) return found;
    std::this_thread::yield();
  }
  throw std::runtime_error("there is no zygote");
}

// The zygote forks and buries in its own time.
inline bool comes_to_have_decoders(std::size_t count, bool single = false) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (children_of(zygote(single)).size() != count) {
    if (std::chrono::steady_clock::now() > patience) return false;
    std::this_thread::yield();
  }
  return true;
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class DecoderPoolTest : public ::testing::Test {
 protected:
  void start(std::size_t processes = 1, std::uint64_t images = 1000, bool confined = true) {
    pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "misbehave"},
                                .single_command = {DECODER_FOR_TESTS, "misbehave", "single"},
                                .processes = processes,
                                .images_per_process = images,
                                .confined = confined},
                               metrics_, log_, clock_)
                .value();
  }

  void start_with_budget(std::size_t processes, std::uint64_t bytes) {
    pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "misbehave"},
                                .single_command = {DECODER_FOR_TESTS, "misbehave", "single"},
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

  // The processes are the real thing but for their kernel, which takes memory as it is told.
  void start_greedy(std::uint64_t budget_bytes = std::numeric_limits<std::uint64_t>::max()) {
    pool_ = DecoderPool::start({.command = {DECODER_FOR_TESTS, "greedy"},
                                .single_command = {DECODER_FOR_TESTS, "greedy"},
                                .processes = 1,
                                .memory_budget_bytes = budget_bytes},
                               metrics_, log_, clock_)
                .value();
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

}  // namespace thumbmill
