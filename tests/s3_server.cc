#include "s3_server.h"

#include <csignal>
#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/status.h"

namespace thumbmill {
namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    THUMBMILL_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

std::string read_line(int fd) {
  std::string line;
  for (char c; ::read(fd, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// The pair of keys that s3rver knows.
std::optional<std::string> known_keys(const std::string& name) {
  if (name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY") return "S3RVER";
  return std::nullopt;
}

}  // namespace

S3TestServer::S3TestServer(const std::string& kind)
    : kind_(kind), parts_of_("tests-" + new_secret_hex(4)) {
  if (kind_ != "given") {
    start();
    return;
  }
  url_ = variable("THUMBMILL_TEST_S3").value_or("");
  if (url_.empty()) missing_ = "SKIPPED: THUMBMILL_TEST_S3 names no server";
}

void S3TestServer::start() {
  Pipe input;
  Pipe output;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  THUMBMILL_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(input.read.get(), STDIN_FILENO);
    ::dup2(output.write.get(), STDOUT_FILENO);
    ::execl(S3_SERVER_SCRIPT, S3_SERVER_SCRIPT, kind_.c_str(), nullptr);
    ::_exit(127);
  }
  input_ = std::move(input.write);
  output.write.reset();
  const std::string line = read_line(output.read.get());
  if (line.starts_with("port ")) {
    url_ = "http://127.0.0.1:" + line.substr(5);
  } else {
    THUMBMILL_CHECK(line.starts_with("SKIPPED: "));  // anything else is a defect of ours
    missing_ = line;
  }
}

S3TestServer::~S3TestServer() {
  if (pid_ < 0) return;
  input_.reset();
  ::waitpid(pid_, nullptr, 0);
}

S3Options S3TestServer::options() {
  S3Options options{.bucket = "thumbmill-test",
                    .prefix = parts_of_ + "/part-" + std::to_string(++parts_)};
  options.region = "us-east-1";
  options.endpoint = url();
  options.path_style = true;
  options.environment = kind_ == "given" ? variable : known_keys;
  return options;
}

}  // namespace thumbmill
