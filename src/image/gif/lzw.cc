#include "image/gif/lzw.h"

#include <algorithm>
#include <cstring>

namespace thumbmill::gif {

LzwDecoder::LzwDecoder(std::string_view data, unsigned literal_bits)
    : data_(data), literal_bits_(literal_bits), clear_code_(1u << literal_bits) {
  for (unsigned code = 0; code < clear_code_; ++code) {
    first_[code] = last_[code] = static_cast<std::uint8_t>(code);
    length_[code] = 1;
  }
  clear();
}

void LzwDecoder::clear() {
  code_bits_ = literal_bits_ + 1;
  next_ = clear_code_ + 2;
  previous_ = kMostCodes;
}

// Takes bytes of the sub-blocks while there is room. False when there are none.
bool LzwDecoder::refill() {
  bool any = false;
  while (bit_count_ <= 24) {
    if (block_left_ == 0) {
      if (data_.empty() || data_.front() == 0) return any;
      block_left_ = static_cast<std::uint8_t>(data_.front());
      data_.remove_prefix(1);
    }
    if (data_.empty()) return any;
    bits_ |= std::uint32_t{static_cast<std::uint8_t>(data_.front())} << bit_count_;
    bit_count_ += 8;
    data_.remove_prefix(1);
    --block_left_;
    any = true;
  }
  return any;
}

bool LzwDecoder::next_code(unsigned& code) {
  while (bit_count_ < code_bits_) {
    if (!refill()) return false;
  }
  code = bits_ & ((1u << code_bits_) - 1);
  bits_ >>= code_bits_;
  bit_count_ -= code_bits_;
  return true;
}

// Puts the string of `code` into string_ and makes the next entry. False for a code that no entry
// has, nor is about to get.
bool LzwDecoder::take(unsigned code) {
  const bool begins = previous_ == kMostCodes;
  if (begins ? code >= clear_code_ : code > next_ || (code == next_ && next_ == kMostCodes)) {
    return false;
  }
  if (!begins && next_ < kMostCodes) {
    prefix_[next_] = static_cast<std::uint16_t>(previous_);
    first_[next_] = first_[previous_];
    last_[next_] = first_[code == next_ ? previous_ : code];
    length_[next_] = static_cast<std::uint16_t>(length_[previous_] + 1);
    ++next_;
  }
  // With all codes given out, codes stay at their longest until a clear code comes.
  if (next_ == 1u << code_bits_ && code_bits_ < kMostCodeBits) ++code_bits_;
  previous_ = code;
  string_at_ = kMostCodes - length_[code];
  for (std::size_t at = kMostCodes; at-- > string_at_;) {
    string_[at] = last_[code];
    code = prefix_[code];
  }
  return true;
}

std::size_t LzwDecoder::read(std::uint8_t* out, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    if (string_at_ < kMostCodes) {
      const std::size_t copied = std::min(count - done, kMostCodes - string_at_);
      std::memcpy(out + done, string_.data() + string_at_, copied);
      string_at_ += copied;
      done += copied;
      continue;
    }
    unsigned code = 0;
    if (ended_ || !next_code(code) || code == clear_code_ + 1) {
      ended_ = true;
      break;
    }
    if (code == clear_code_) {
      clear();
    } else if (!take(code)) {
      ended_ = true;
    }
  }
  return done;
}

}  // namespace thumbmill::gif
