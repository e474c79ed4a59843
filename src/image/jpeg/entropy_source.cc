#include "image/jpeg/entropy_source.h"

#include <algorithm>
#include <cstring>

namespace thumbmill::jpeg {
namespace {

bool is_restart(std::uint8_t marker) { return marker >= 0xd0 && marker <= 0xd7; }

}  // namespace

EntropySource::EntropySource(std::string_view file, std::size_t at)
    : file_(file),
      at_(std::min(at, file.size())),
      window_(std::make_unique_for_overwrite<std::uint8_t[]>(kWindow + 2 * kReadAhead)) {
  fill();
}

void EntropySource::advance(const std::uint8_t* unread) {
  const auto from = std::min(static_cast<std::size_t>(unread - window_.get()), filled_);
  filled_ -= from;
  std::memmove(window_.get(), window_.get() + from, filled_);
  fill();
}

void EntropySource::fill() {
  while (!at_marker_ && filled_ < kWindow) {
    const char* const from = file_.data() + at_;
    const std::size_t room = std::min(kWindow - filled_, file_.size() - at_);
    const void* const found = room == 0 ? nullptr : std::memchr(from, 0xff, room);
    const std::size_t plain =
        found == nullptr ? room : static_cast<std::size_t>(static_cast<const char*>(found) - from);
    if (plain > 0) std::memcpy(window_.get() + filled_, from, plain);
    filled_ += plain;
    at_ += plain;
    if (at_ + 1 >= file_.size()) {  // the end, or half of a marker
      if (found != nullptr || at_ == file_.size()) at_marker_ = true;
      continue;
    }
    if (found == nullptr) continue;
    const auto next = static_cast<std::uint8_t>(file_[at_ + 1]);
    if (next == 0) {
      window_[filled_++] = 0xff;
      at_ += 2;
      has_stray_fill_ |= has_fill_;
      has_fill_ = false;
    } else if (next == 0xff) {  // a fill byte (T.81 B.1.1.2)
      ++at_;
      has_fill_ = true;
    } else {
      at_marker_ = true;
    }
  }
  low_water_ = end() - (at_marker_ ? 0 : kReadAhead);
  if (at_marker_) std::memset(window_.get() + filled_, 0, kReadAhead);
}

bool EntropySource::at_restart() const {
  return at_marker_ && at_ + 2 <= file_.size() &&
         is_restart(static_cast<std::uint8_t>(file_[at_ + 1]));
}

bool EntropySource::at_end() const {
  constexpr std::uint8_t kEoi = 0xd9;
  if (!at_marker_) return false;
  return at_ + 2 > file_.size() || static_cast<std::uint8_t>(file_[at_ + 1]) == kEoi;
}

bool EntropySource::next_stretch() {
  if (!at_restart() || static_cast<std::uint8_t>(file_[at_ + 1]) != 0xd0 + expected_restart_) {
    return false;
  }
  expected_restart_ = (expected_restart_ + 1) & 7;
  at_ += 2;
  has_fill_ = false;
  filled_ = 0;
  at_marker_ = false;
  fill();
  return true;
}

std::size_t EntropySource::skip_to_end() { return at_ = skip_entropy_coded(file_, at_); }

std::size_t skip_entropy_coded(std::string_view file, std::size_t at) {
  while (at < file.size()) {
    const void* const found = std::memchr(file.data() + at, 0xff, file.size() - at);
    if (found == nullptr) break;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - file.data());
    if (at + 1 >= file.size()) break;
    const auto next = static_cast<std::uint8_t>(file[at + 1]);
    if (next == 0xff) {
      ++at;
    } else if (next == 0 || is_restart(next)) {
      at += 2;
    } else {
      return at;
    }
  }
  return file.size();
}

}  // namespace thumbmill::jpeg
