#include "app/progress.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "base/utf8.h"

namespace thumbmill {
namespace {

constexpr std::size_t kBarWidth = 30;
constexpr std::chrono::milliseconds kRedrawInterval{100};

}  // namespace

ProgressBar::ProgressBar(int fd, std::uint64_t total, const Clock& clock)
    : fd_(fd), visible_(::isatty(fd) == 1), total_(total), clock_(clock) {}

ProgressBar::~ProgressBar() {
  // Erase in Line (ECMA-48, 8.3.41). A terminal that is gone is no reason to fail.
  if (visible_ && ::write(fd_, "\r\x1b[K", 4) < 0) return;
}

void ProgressBar::update(std::uint64_t done, const std::string& text) {
  if (!visible_) return;
  const std::string label = for_terminal(text);
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.now();
  if (now - drawn_ < kRedrawInterval && done != total_) return;
  drawn_ = now;
  std::string line = "\r\x1b[K";
  if (total_ > 0) {
    const std::size_t filled = std::min<std::uint64_t>(kBarWidth, done * kBarWidth / total_);
    line += fmt::format("[{}{}] {}/{} {}", std::string(filled, '#'),
                        std::string(kBarWidth - filled, '-'), done, total_, label);
  } else {
    line += fmt::format("{} {}", done, label);
  }
  if (::write(fd_, line.data(), line.size()) < 0) return;
}

}  // namespace thumbmill
