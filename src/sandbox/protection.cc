#include "sandbox/protection.h"

#include <array>
#include <fstream>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <poll.h>

#include "sandbox/child_process.h"
#include "sandbox/packet.h"
#include "sandbox/seccomp_filter.h"
#include "sandbox/self_test.h"

namespace thumbmill {
namespace {

constexpr int kPatience_ms = 30'000;

std::string status_lines(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::string found;
  for (std::string line; std::getline(file, line);) {
    for (const std::string_view name : {"Seccomp:", "NoNewPrivs:", "CapEff:"}) {
      if (!line.starts_with(name)) continue;
      found += (found.empty() ? "" : ", ") + std::string(name) + " " +
               line.substr(line.find_first_not_of(" \t", name.size()));
    }
  }
  return found;
}

Result<std::string> look_at(ChildProcess& process) {
  pollfd watched{process.socket(), POLLIN, 0};
  if (::poll(&watched, 1, kPatience_ms) <= 0) {
    return Status(Code::unavailable, "the sandbox's self-test does not answer");
  }
  const Result<Packet> ready = receive_packet(process.socket());
  if (!ready.ok()) return std::string();  // how it has ended says why
  std::string lines = status_lines(process.pid());
  RETURN_IF_ERROR(send_packet(process.socket(), "seen", {}));
  const bool right = lines.empty() || (lines.find("Seccomp: 2") != std::string::npos &&
                                       lines.find("NoNewPrivs: 1") != std::string::npos &&
                                       lines.find("CapEff: 0000000000000000") != std::string::npos);
  if (right) return lines;
  return Status(Code::internal, "the sandbox does not hold: the kernel does not know of it", lines);
}

}  // namespace

Result<Protection> test_protection(Zygote& zygote, ForkOrder order) {
  order.confined = 1;
  std::array<std::unique_ptr<ChildProcess>, kProbeCount> processes;
  for (std::uint8_t i = 0; i < kProbeCount; ++i) {
    order.probe = i;
    ASSIGN_OR_RETURN(processes.at(i), ChildProcess::start(zygote, order));
  }
  Protection protection;
  protection.confined = true;
  protection.landlock_abi = zygote.hello().landlock_abi;
  const Result<std::string> seen = look_at(*processes.front());
  for (std::uint8_t i = 0; i < kProbeCount; ++i) {
    const auto probe = static_cast<Probe>(i);
    const ProcessEnd end = processes.at(i)->wait(kPatience_ms);
    RETURN_IF_ERROR(end.lost);
    RETURN_IF_ERROR(judge_probe(probe, end));
    if (probe != Probe::compute) protection.refused.emplace_back(probe_name(probe));
  }
  RETURN_IF_ERROR(seen.status());
  protection.seen_from_outside = seen.value();
  return protection;
}

}  // namespace thumbmill
