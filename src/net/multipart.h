// MultipartParser: reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) as it arrives,
// keeping at most one part's head and a boundary's length in memory. It knows nothing of files or
// fields' meaning; its sink does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace thumbmill {

struct MultipartLimits {
  std::size_t boundary_bytes = 70;  ///< RFC 2046's own limit
  std::size_t parts = 16;
  std::size_t part_head_bytes = 8 * 1024;
};

/// The head of one part, as the client sent it: not to be trusted, file_name least of all.
struct MultipartPart {
  std::string name;
  std::string file_name;  ///< from filename* (RFC 8187) or filename; decoded; may be empty
  bool is_file = false;   ///< whether there was a filename parameter
  std::string content_type;
};

/// Takes the parts in order. A failure ends the parsing and is returned by feed().
class MultipartSink {
 public:
  virtual ~MultipartSink() = default;
  virtual Status on_part(const MultipartPart& part) = 0;
  virtual Status on_bytes(std::string_view bytes) = 0;
  virtual Status on_part_end() = 0;
};

/// One thread at a time. The sink outlives it. Every failure of its own is invalid_argument or, for
/// a limit (which is named), too_large.
class MultipartParser {
 public:
  /// `content_type` is the request's; invalid_argument when it is not multipart/form-data with one
  /// well-formed boundary.
  static Result<std::unique_ptr<MultipartParser>> create(std::string_view content_type,
                                                         const MultipartLimits& limits,
                                                         MultipartSink& sink);
  virtual ~MultipartParser() = default;

  /// Takes the next stretch of the body, of any length.
  virtual Status feed(std::string_view bytes) = 0;

  /// Says that the body has ended; fails when the closing boundary has not come.
  virtual Status finish() = 0;
};

}  // namespace thumbmill
