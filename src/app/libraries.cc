#include "app/libraries.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/decoders.h"
#include "base/unique_fd.h"

extern char** environ;

namespace thumbmill {
namespace {

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part{};
  while (true) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

// What the program writes to standard output when it is asked for its libraries.
Result<std::string> ask(const std::filesystem::path& program) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return status_from_errno(errno, "starting a decoder program");
  UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  std::string path = program.string();
  std::string flag = "--libraries";
  char* const arguments[] = {path.data(), flag.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return status_from_errno(error, "starting " + path);
  in.reset();
  std::string text = read_all(out.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Status(Code::unavailable, path + " failed");
  }
  return text;
}

void add(std::string_view lines, std::vector<Library>& libraries) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const Library library{std::string(line.substr(0, tab)), std::string(line.substr(tab + 1))};
    if (std::find(libraries.begin(), libraries.end(), library) == libraries.end()) {
      libraries.push_back(library);
    }
  }
}

// The first two numbers of a version.
std::pair<int, int> numbers_of(std::string_view version) {
  std::pair<int, int> numbers;
  const char* const end = version.data() + version.size();
  const auto [behind, error] = std::from_chars(version.data(), end, numbers.first);
  if (error == std::errc() && behind != end) std::from_chars(behind + 1, end, numbers.second);
  return numbers;
}

}  // namespace

Result<std::vector<Library>> decoder_libraries() {
  ASSIGN_OR_RETURN(const DecoderPrograms programs, find_decoder_programs());
  std::vector<Library> libraries;
  for (const std::string& program : {programs.shared, programs.single}) {
    ASSIGN_OR_RETURN(const std::string lines, ask(program));
    add(lines, libraries);
  }
  return libraries;
}

std::string_view shortcoming_of(const Library& library) {
  if (library.name == "libheif" && numbers_of(library.version) < std::pair(1, 19)) {
    return "older than 1.19: it does not read all HEIC and AVIF files";
  }
  if (library.name == "dav1d" && numbers_of(library.version) < std::pair(1, 0)) {
    return "older than 1.0: AVIF takes longer";
  }
  return {};
}

}  // namespace thumbmill
