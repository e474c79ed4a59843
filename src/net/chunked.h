// ChunkedDecoder: the chunked transfer coding (RFC 9112, section 7.1), as it arrives. Extensions
// are ignored and trailers thrown away, both within bounds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace thumbmill {

/// One thread at a time.
class ChunkedDecoder {
 public:
  /// Takes the next stretch of the connection's bytes and hands the body's to `sink`; returns how
  /// many bytes were taken, which is fewer than given only when the body has ended.
  /// invalid_argument for anything but the coding to the letter; otherwise the sink's failure.
  Result<std::size_t> feed(std::string_view bytes,
                           const std::function<Status(std::string_view)>& sink);

  /// Whether the last chunk and its trailers have been taken.
  bool finished() const { return state_ == State::finished; }

 private:
  enum class State { size_line, data, data_end, trailer_line, finished };

  /// Adds bytes to line_ up to the line's end; true when it is complete, without its end.
  Result<bool> take_line(std::string_view& bytes);
  Status end_size_line();

  State state_ = State::size_line;
  std::string line_;
  std::uint64_t left_ = 0;  // of the present chunk
  std::size_t trailer_bytes_ = 0;
};

}  // namespace thumbmill
