#include "blame.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <vector>

namespace thumbmill {
namespace {

struct Frame {
  std::string function;
  std::string file;    // with its line, as far as it is known
  std::string module;  // a library's or the program's file name, as far as it is known
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Takes the last word off, without the blank in front of it.
std::string take_last_word(std::string& text) {
  const std::size_t space = text.rfind(' ');
  std::string word = space == std::string::npos ? text : text.substr(space + 1);
  text.erase(space == std::string::npos ? 0 : space);
  return word;
}

// A frame as SanitizerReports has them written, "    #1 0x55d0 in name(int) file.cc:12:3
// (lib.so+0x12)", and as they are by default: one of file and module, or neither, and clang's
// BuildId.
std::optional<Frame> frame_of(const std::string& line) {
  const std::size_t number = line.find_first_not_of(' ');
  if (number == std::string::npos || line[number] != '#') return std::nullopt;
  const std::size_t address = line.find(" 0x", number);
  if (address == std::string::npos) return std::nullopt;
  Frame frame;
  const std::size_t behind = line.find(' ', address + 1);
  if (behind == std::string::npos) return frame;
  std::string rest = line.substr(behind + 1);
  if (const std::size_t id = rest.find(" (BuildId:"); id != std::string::npos) rest.erase(id);
  if (rest.ends_with(')') && rest.find("+0x") != std::string::npos) {
    frame.module = take_last_word(rest);
    frame.module.erase(frame.module.rfind("+0x"));
    frame.module.erase(0, frame.module.find_last_of("/(") + 1);
  }
  if (rest.starts_with("in ")) rest.erase(0, 3);
  const std::size_t place = rest.find_last_of(" ");
  if (place != std::string::npos && rest.find('/', place) != std::string::npos) {
    frame.file = take_last_word(rest);
  }
  frame.function = rest.substr(0, rest.find_first_of("( "));
  return frame;
}

std::vector<Frame> first_stack(const std::vector<std::string>& lines) {
  std::vector<Frame> stack;
  for (const std::string& line : lines) {
    if (auto frame = frame_of(line)) {
      stack.push_back(*std::move(frame));
    } else if (!stack.empty()) {
      break;
    }
  }
  return stack;
}

bool is_library(const Frame& frame) { return frame.module.find(".so") != std::string::npos; }

// Where a fault shows only in who called it: the sanitizer's runtime, which may be linked into the
// program, the C and C++ libraries, their headers, THUMBMILL_CHECK.
bool is_runtime(const Frame& frame) {
  constexpr std::array<std::string_view, 8> kModules{"libasan.so",   "libubsan.so", "libc.so",
                                                     "libstdc++.so", "libgcc_s.so", "libm.so",
                                                     "libpthread",   "ld-linux"};
  const auto is_of = [&](std::string_view name) { return frame.module.starts_with(name); };
  if (std::any_of(kModules.begin(), kModules.end(), is_of)) return true;
  if (is_library(frame)) return false;
  constexpr std::array<std::string_view, 5> kFunctions{
      "__interceptor_", "__asan", "__ubsan", "__sanitizer", "thumbmill::internal::check_failed"};
  const auto is_called = [&](std::string_view name) { return frame.function.starts_with(name); };
  return std::any_of(kFunctions.begin(), kFunctions.end(), is_called) ||
         frame.file.find("/libsanitizer/") != std::string::npos ||
         frame.file.find("compiler-rt/") != std::string::npos || frame.file.starts_with("/usr/") ||
         (frame.file.empty() && frame.module.empty());
}

// "src/..." or "tests/..." without what stands in front in this build.
std::optional<std::string> own_file(const std::string& path) {
  std::optional<std::size_t>
      begin;  // the last of them: the checkout may be in a folder of that name
  for (const std::string_view part : {"src/", "tests/", "fuzz/"}) {
    const std::size_t at = path.rfind(part);
    const bool is_folder = at != std::string::npos && (at == 0 || path[at - 1] == '/');
    if (is_folder) begin = std::max(begin.value_or(0), at);
  }
  return begin ? std::optional(path.substr(*begin)) : std::nullopt;
}

void accuse(Blame& blamed, const std::vector<Frame>& stack) {
  for (const Frame& frame : stack) {
    if (is_runtime(frame)) continue;
    const auto file = is_library(frame) ? std::nullopt : own_file(frame.file);
    if (!file && (is_library(frame) || frame.module.empty())) {
      blamed.culprit = Culprit::third_party;
      blamed.place = (frame.module.empty() ? frame.file : frame.module) + " " + frame.function;
    } else {
      blamed.culprit = Culprit::ours;
      blamed.place = file ? *file : frame.function;
    }
    return;
  }
}

// What AddressSanitizer calls it: up to the first word that is about this process.
std::string kind_of(std::string text) {
  for (const std::string_view end : {" on ", " (", ": ", " in ", " 0x"}) {
    if (const std::size_t at = text.find(end); at != std::string::npos) text.erase(at);
  }
  return text;
}

}  // namespace

std::string_view culprit_name(Culprit culprit) {
  switch (culprit) {
    case Culprit::ours:
      return "ours";
    case Culprit::third_party:
      return "third party";
    default:
      return "unknown";
  }
}

Blame blame(std::string_view report, std::string_view how) {
  const std::vector<std::string> lines = lines_of(report);
  Blame blamed;
  blamed.kind = how;
  accuse(blamed, first_stack(lines));
  for (const std::string& line : lines) {
    constexpr std::string_view kAddress = "ERROR: AddressSanitizer: ";
    constexpr std::string_view kUndefined = ": runtime error: ";
    constexpr std::string_view kInvariant = ": invariant broken: ";
    if (const std::size_t at = line.find(kAddress); at != std::string::npos) {
      blamed.kind = kind_of(line.substr(at + kAddress.size()));
      return blamed;
    }
    for (const std::string_view mark : {kUndefined, kInvariant}) {
      const std::size_t at = line.find(mark);
      if (at == std::string::npos) continue;
      blamed.kind = mark == kUndefined ? "undefined behaviour" : "invariant broken";
      // The line that is at fault; one in a header of the standard library by who called it.
      if (const auto file = own_file(line.substr(0, at))) {
        blamed.culprit = Culprit::ours;
        blamed.place = *file;
      }
      return blamed;
    }
  }
  return blamed;
}

}  // namespace thumbmill
