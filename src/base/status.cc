#include "base/status.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace thumbmill {
namespace {

struct CodeName {
  Code code;
  std::string_view name;
};

constexpr std::array kCodeNames{
    CodeName{Code::ok, "ok"},
    CodeName{Code::invalid_argument, "invalid_argument"},
    CodeName{Code::not_found, "not_found"},
    CodeName{Code::conflict, "conflict"},
    CodeName{Code::unsupported, "unsupported"},
    CodeName{Code::too_large, "too_large"},
    CodeName{Code::corrupt_input, "corrupt_input"},
    CodeName{Code::deadline_exceeded, "deadline_exceeded"},
    CodeName{Code::cancelled, "cancelled"},
    CodeName{Code::unavailable, "unavailable"},
    CodeName{Code::exhausted, "exhausted"},
    CodeName{Code::lease_lost, "lease_lost"},
    CodeName{Code::decoder_crashed, "decoder_crashed"},
    CodeName{Code::internal, "internal"},
};

Code code_from_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EEXIST:
      return Code::conflict;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return Code::exhausted;
    case EFBIG:
      return Code::too_large;
    case EINVAL:
    case ENAMETOOLONG:
      return Code::invalid_argument;
    case ECANCELED:
      return Code::cancelled;
    case ETIMEDOUT:
      return Code::deadline_exceeded;
    default:
      return Code::unavailable;
  }
}

}  // namespace

std::string_view code_name(Code code) {
  for (const CodeName& entry : kCodeNames) {
    if (entry.code == code) return entry.name;
  }
  return "internal";
}

std::optional<Code> code_from_name(std::string_view name) {
  for (const CodeName& entry : kCodeNames) {
    if (entry.name == name) return entry.code;
  }
  return std::nullopt;
}

Status Status::with_context(std::string_view doing) const {
  if (ok()) return *this;
  return Status(code_, std::string(doing) + ": " + message_, detail_);
}

std::string Status::to_string() const {
  std::string text(code_name(code_));
  if (!message_.empty()) text += ": " + message_;
  if (!detail_.empty()) text += " (" + detail_ + ")";
  return text;
}

Status status_from_errno(int error, std::string doing) {
  return Status(code_from_errno(error), std::move(doing),
                std::system_category().message(error) + ", errno " + std::to_string(error));
}

namespace internal {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, condition);
  std::abort();
}

}  // namespace internal
}  // namespace thumbmill
