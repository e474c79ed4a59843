// The least that an HTTP server does with an upload: a thread a connection reads it in pieces of
// 256 KB and writes each to a file, whatever it is. What bench/uploads calls the floor.
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::string_view kAnswer = "HTTP/1.1 204 No Content\r\n\r\n";

struct Options {
  std::string directory;
  bool sync = false;
};

bool write_all(int file, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file, bytes, size);
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

// One upload; false when the connection has ended, or there is no room for the file.
bool take_upload(Tcp::socket& socket, boost::beast::flat_buffer& buffer, std::vector<char>& piece,
                 const Options& options) {
  static std::atomic<std::uint64_t> last_number = 0;
  boost::system::error_code error;
  http::request_parser<http::empty_body> parser;
  parser.body_limit(boost::none);
  http::read_header(socket, buffer, parser, error);
  if (error || !parser.content_length()) return false;
  std::uint64_t left = *parser.content_length();
  const std::string path = fmt::format("{}/{}", options.directory, ++last_number);
  const thumbmill::UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const std::size_t read = std::min<std::uint64_t>(buffer.size(), left);
  bool good = write_all(file.get(), static_cast<const char*>(buffer.cdata().data()), read);
  buffer.consume(read);
  left -= read;
  while (good && left > 0) {
    const std::size_t most = std::min<std::uint64_t>(piece.size(), left);
    const std::size_t some = socket.read_some(asio::buffer(piece.data(), most), error);
    good = !error && write_all(file.get(), piece.data(), some);
    left -= some;
  }
  good = good && (!options.sync || ::fdatasync(file.get()) == 0);
  if (good) asio::write(socket, asio::buffer(kAnswer), error);
  return good && !error;
}

int serve(const Options& options) {
  asio::io_context io;
  Tcp::acceptor acceptor(io, Tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  fmt::print("http://127.0.0.1:{}\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  while (true) {
    std::thread([socket = acceptor.accept(), &options]() mutable {
      boost::beast::flat_buffer buffer;
      std::vector<char> piece(kPieceBytes);
      while (take_upload(socket, buffer, piece, options)) {
      }
    }).detach();
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Writes each upload to a file, until it is killed.", "upload_floor");
  app.add_option("--dir", options.directory, "For the files; they are left there")->required();
  app.add_flag("--sync", options.sync, "Each file is on the disk before the answer");
  CLI11_PARSE(app, argc, argv);
  return serve(options);
}
