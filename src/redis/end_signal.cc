#include "redis/end_signal.h"

#include <string_view>

#include <poll.h>
#include <sys/eventfd.h>

#include "base/status.h"
#include "base/write_all.h"

namespace thumbmill {

EndSignal::EndSignal() : fd_(::eventfd(0, EFD_CLOEXEC)) { THUMBMILL_CHECK(fd_.valid()); }

void EndSignal::set() {
  const std::uint64_t one = 1;
  const std::string_view bytes(reinterpret_cast<const char*>(&one), sizeof one);
  THUMBMILL_CHECK(write_all(fd_.get(), bytes) == 0);
}

bool EndSignal::wait_for(std::chrono::milliseconds time) const {
  pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, static_cast<int>(time.count())) > 0;
}

}  // namespace thumbmill
