// Status and Result: how every operation that the outside can make fail says so.
//
// A Status carries a code, a message that a client may read, and a detail that only logs show.
// There are no exceptions across our own boundaries: a library's exceptions end in the adapter
// that calls it. Programming errors are not Statuses: see THUMBMILL_CHECK.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace thumbmill {

/// What kind of failure it was; callers decide by this and by nothing else.
enum class Code {
  ok,
  invalid_argument,   ///< the request itself is wrong; repeating it will not help
  not_found,          ///< the named thing does not exist
  conflict,           ///< it exists already, or is being changed by someone else
  unsupported,        ///< a format or feature we do not offer
  too_large,          ///< over a limit, which the message names
  corrupt_input,      ///< the image (or file) cannot be decoded
  deadline_exceeded,  ///< not finished in time
  cancelled,          ///< told to stop
  unavailable,        ///< a dependency is away; worth trying again later
  exhausted,          ///< out of disk, memory or descriptors
  lease_lost,         ///< the job belongs to another worker now
  decoder_crashed,    ///< the decoder process died on this input
  internal,           ///< our own fault
};

/// The code's name as written in logs, metrics and problem documents, e.g. "too_large".
std::string_view code_name(Code code);

/// The inverse of code_name.
std::optional<Code> code_from_name(std::string_view name);

/// Success, or a failure with its message. Immutable value; safe to copy between threads.
class [[nodiscard]] Status {
 public:
  /// Success.
  Status() = default;

  /// A failure. `message` may be shown to clients; `detail` goes to logs only.
  Status(Code code, std::string message, std::string detail = {})
      : code_(code), message_(std::move(message)), detail_(std::move(detail)) {}

  bool ok() const { return code_ == Code::ok; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }

  /// The same failure with "doing: " put before the message. Add context once per boundary.
  Status with_context(std::string_view doing) const;

  /// Code, message and detail in one line, for logs.
  std::string to_string() const;

 private:
  Code code_ = Code::ok;
  std::string message_;
  std::string detail_;
};

/// A failure made from errno: the code follows the errno (ENOENT not_found, EEXIST conflict,
/// ENOSPC/EDQUOT/EMFILE/ENFILE/ENOMEM exhausted, EROFS/EACCES/EIO... unavailable), the message
/// names what was being done, the detail holds the errno's text.
Status status_from_errno(int error, std::string doing);

/// Either a value or the Status saying why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}           // NOLINT(google-explicit-constructor)
  Result(Status failure) : state_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return std::holds_alternative<T>(state_); }

  /// The failure; an ok Status when there is a value.
  Status status() const { return ok() ? Status() : std::get<Status>(state_); }

  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  /// By value, so that `for (x : call().value())` does not outlive what it walks over.
  T value() && { return std::get<T>(std::move(state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

namespace internal {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace internal

}  // namespace thumbmill

/// Ends the process when our own invariant does not hold. Never for outside input.
#define THUMBMILL_CHECK(condition) \
  ((condition) ? void(0) : ::thumbmill::internal::check_failed(#condition, __FILE__, __LINE__))

#define THUMBMILL_CONCAT_INNER(a, b) a##b
#define THUMBMILL_CONCAT(a, b) THUMBMILL_CONCAT_INNER(a, b)

/// Returns from the function when `expression` (a Status) is a failure.
#define RETURN_IF_ERROR(expression)                                                \
  do {                                                                             \
    if (::thumbmill::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

/// Declares `target` from a Result, or returns its failure.
#define ASSIGN_OR_RETURN(target, expression) \
  ASSIGN_OR_RETURN_INNER(THUMBMILL_CONCAT(result_, __LINE__), target, expression)
#define ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                              \
  if (!result.ok()) return result.status();                \
  target = std::move(result).value()
