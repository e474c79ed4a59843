#include "redis/host_lookup.h"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

namespace thumbmill {
namespace {

using std::chrono::milliseconds;

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

std::vector<std::string> texts_of(const addrinfo* found) {
  std::vector<std::string> texts;
  for (; found != nullptr; found = found->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      texts.emplace_back(text.data());
    }
  }
  return texts;
}

}  // namespace

// One getaddrinfo_a(3), by a thread of the C library's, which uses all of this until it is done.
struct HostLookup::Lookup {
  explicit Lookup(std::string name) : host(std::move(name)) {
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    request.ar_name = host.c_str();
    request.ar_request = &hints;
  }
  ~Lookup() {
    if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  int begin() {
    std::array<gaicb*, 1> all{&request};
    return ::getaddrinfo_a(GAI_NOWAIT, all.data(), 1, nullptr);
  }

  void wait(std::chrono::steady_clock::duration patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    const std::array<const gaicb*, 1> all{&request};
    for (int outcome = EAI_INTR; outcome == EAI_INTR;) {
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::max(end - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration()));
      const timespec limit{.tv_sec = left.count() / 1'000'000'000,
                           .tv_nsec = left.count() % 1'000'000'000};
      outcome = ::gai_suspend(all.data(), 1, &limit);
    }
  }

  bool is_going_on() { return ::gai_error(&request) == EAI_INPROGRESS; }

  const std::string host;
  addrinfo hints{};
  gaicb request{};
};

HostLookup::HostLookup() = default;

HostLookup::~HostLookup() {
  for (std::unique_ptr<Lookup>& lookup : abandoned_) {
    // The thread that works on it cannot be stopped, and would write into what has been freed.
    if (lookup->is_going_on()) (void)lookup.release();
  }
}

bool HostLookup::may_begin() {
  const std::lock_guard lock(mutex_);
  std::erase_if(abandoned_, [](const auto& lookup) { return !lookup->is_going_on(); });
  return abandoned_.size() < kMostAbandoned;
}

Result<std::vector<std::string>> HostLookup::find(const std::string& host, milliseconds patience) {
  if (is_ip_address(host)) return std::vector{host};
  const auto failure = [&host](std::string_view cause) {
    return Status(Code::unavailable, fmt::format("cannot find the address of {}", host),
                  std::string(cause));
  };
  if (!may_begin()) return failure("earlier look-ups have had no answer yet");
  auto lookup = std::make_unique<Lookup>(host);
  if (const int refused = lookup->begin(); refused != 0) return failure(::gai_strerror(refused));
  lookup->wait(patience);
  // One that has not begun yet is taken back.
  if (lookup->is_going_on() && ::gai_cancel(&lookup->request) != EAI_CANCELED &&
      lookup->is_going_on()) {
    const std::lock_guard lock(mutex_);
    abandoned_.push_back(std::move(lookup));
    return failure(fmt::format("no name server has answered within {} ms", patience.count()));
  }
  if (const int error = ::gai_error(&lookup->request); error != 0) {
    return failure(error == EAI_CANCELED
                       ? fmt::format("it could not be looked up within {} ms", patience.count())
                       : ::gai_strerror(error));
  }
  return texts_of(lookup->request.ar_result);
}

}  // namespace thumbmill
