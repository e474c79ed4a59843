#include "net/chunked.h"

#include <algorithm>
#include <charconv>

#include "net/http_head.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxTrailer = 8 * 1024;

Status malformed() { return Status(Code::invalid_argument, "the chunked body is malformed"); }

}  // namespace

Result<bool> ChunkedDecoder::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t taken = std::min(end, bytes.size());
  if (line_.size() + taken > kMaxLine) return malformed();
  line_ += bytes.substr(0, taken);
  bytes.remove_prefix(end == std::string_view::npos ? taken : taken + 1);
  if (end == std::string_view::npos) return false;
  if (line_.empty() || line_.back() != '\r') return malformed();
  line_.pop_back();
  return true;
}

Status ChunkedDecoder::end_size_line() {
  const std::string_view line = line_;
  const std::size_t digits = std::min(line.find(';'), line.size());
  const auto [end, error] = std::from_chars(line.data(), line.data() + digits, left_, 16);
  if (digits == 0 || error != std::errc() || end != line.data() + digits) return malformed();
  for (const char c : line.substr(digits)) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') return malformed();
  }
  state_ = left_ > 0 ? State::data : State::trailer_line;
  line_.clear();
  return Status();
}

Result<std::size_t> ChunkedDecoder::feed(std::string_view bytes,
                                         const std::function<Status(std::string_view)>& sink) {
  const std::size_t given = bytes.size();
  while (!bytes.empty() && state_ != State::finished) {
    if (state_ == State::data) {
      const std::string_view part = bytes.substr(0, left_);
      RETURN_IF_ERROR(sink(part));
      left_ -= part.size();
      bytes.remove_prefix(part.size());
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    ASSIGN_OR_RETURN(const bool complete, take_line(bytes));
    if (!complete) break;
    if (state_ == State::size_line) {
      RETURN_IF_ERROR(end_size_line());
    } else if (state_ == State::data_end) {
      if (!line_.empty()) return malformed();
      state_ = State::size_line;
    } else {
      trailer_bytes_ += line_.size();
      if (trailer_bytes_ > kMaxTrailer) return malformed();
      if (line_.empty()) {
        state_ = State::finished;
      } else if (!parse_field_line(line_)) {
        return malformed();
      }
      line_.clear();
    }
  }
  return given - bytes.size();
}

}  // namespace thumbmill
