#include "fakes/redis_server.h"

#include <csignal>
#include <cstdlib>
#include <string_view>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.h"
#include "base/unique_fd.h"

namespace thumbmill {
namespace {

std::vector<std::string> redis_command(const std::string& program, const std::string& directory,
                                       std::vector<std::string> arguments) {
  std::vector<std::string> command = {program, "--port", "0", "--save", ""};
  command.insert(command.end(), {"--unixsocket", directory + "/redis.sock", "--dir", directory});
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

ServerProcess::ServerProcess(std::vector<std::string> command, std::string ready)
    : command_(std::move(command)), ready_(std::move(ready)) {
  start();
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) kill();
}

void ServerProcess::start() {
  std::vector<std::string> command = command_;
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  int ends[2];
  THUMBMILL_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  THUMBMILL_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(writing.get(), STDOUT_FILENO);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  writing.reset();
  std::string output;
  char buffer[4096];
  while (output.find(ready_) == std::string::npos) {
    const ssize_t got = ::read(reading.get(), buffer, sizeof buffer);
    if (got <= 0) std::fputs(output.c_str(), stderr);
    THUMBMILL_CHECK(got > 0);
    output.append(buffer, static_cast<std::size_t>(got));
  }
  output_reader_ = std::jthread([fd = std::move(reading)] {
    char ignored[4096];
    while (::read(fd.get(), ignored, sizeof ignored) > 0) continue;
  });
}

void ServerProcess::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  output_reader_.join();
}

void ServerProcess::suspend() { ::kill(pid_, SIGSTOP); }
void ServerProcess::resume() { ::kill(pid_, SIGCONT); }

bool RedisServer::is_installed(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    const std::string file = std::string(rest.substr(0, end)) + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return true;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return false;
}

RedisServer::RedisServer(std::vector<std::string> arguments, const std::string& program)
    : process_(redis_command(program, directory_.path(), std::move(arguments)),
               "eady to accept connections") {}

std::uint16_t free_port() {
  const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  THUMBMILL_CHECK(::bind(probe.get(), generic, size) == 0);
  THUMBMILL_CHECK(::getsockname(probe.get(), generic, &size) == 0);
  return ntohs(address.sin_port);
}

}  // namespace thumbmill
