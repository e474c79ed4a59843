#include "reports.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace thumbmill {
namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<std::string> SanitizerReports::watched(const std::vector<std::string>& command,
                                                   std::uint64_t most_bytes) const {
  // Halting is how the asan preset is built (-fno-sanitize-recover); said again, so that it does
  // not hang on a compiler's flag. A zygote gets no environment but its own: env(1) adds to that.
  const std::string common = fmt::format(
      "log_path={}/report:halt_on_error=1:stack_trace_format='    #%n %p in %f %S (%m+%o)'",
      directory_);
  std::vector<std::string> all{
      "/usr/bin/env",
      fmt::format("ASAN_OPTIONS={}:handle_abort=1:detect_leaks=0:allocator_may_return_null=1:"
                  "max_allocation_size_mb={}:quarantine_size_mb=32",
                  common, most_bytes >> 20),
      fmt::format("UBSAN_OPTIONS={}:print_stacktrace=1", common)};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

std::string SanitizerReports::take(int pid) const {
  const std::string path = fmt::format("{}/report.{}", directory_, pid);
  std::string text = contents(path);
  std::error_code ignored;  // most often there is none
  std::filesystem::remove(path, ignored);
  return text;
}

std::vector<std::string> SanitizerReports::left() const {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    const std::string text = contents(entry.path());
    // AddressSanitizer warns when it gives no memory, which is what it is told to do.
    const bool fault = text.find("ERROR: ") != std::string::npos ||
                       text.find("runtime error: ") != std::string::npos;
    if (fault) paths.push_back(entry.path());
  }
  return paths;
}

void DecoderLog::write(LogLevel level, std::string_view message,
                       std::initializer_list<LogField> fields) {
  std::string job_id, words;
  std::string line(message);
  for (const LogField& field : fields) {
    const auto* value = std::get_if<std::string_view>(&field.value);
    if (value == nullptr) continue;
    if (field.name == "job_id") job_id = *value;
    if (field.name == "stderr") words = *value;
    line += fmt::format(" {}={}", field.name, *value);
  }
  const std::lock_guard lock(mutex_);
  if (level == LogLevel::error) troubles_.push_back(line);
  if (!job_id.empty() && !words.empty()) last_words_[job_id] = words;
}

std::string DecoderLog::take_last_words(const std::string& job_id) {
  const std::lock_guard lock(mutex_);
  const auto node = last_words_.extract(job_id);
  return node.empty() ? std::string() : node.mapped();
}

std::vector<std::string> DecoderLog::troubles() const {
  const std::lock_guard lock(mutex_);
  return troubles_;
}

int process_of(std::string_view last_words) {
  constexpr std::string_view kMark = "process ";
  const std::size_t at = last_words.rfind(kMark);
  if (at == std::string_view::npos) return -1;
  return std::atoi(std::string(last_words.substr(at + kMark.size(), 12)).c_str());
}

}  // namespace thumbmill
