// The self-test's questions: one forbidden deed each, tried by a process that is confined as a
// decoder is. The pool starts no decoder before every one was refused. Internal to sandbox/.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "sandbox/child_process.h"

namespace thumbmill {

/// The first is allowed, and must work: a sandbox in which nothing works refuses anything.
enum class Probe : std::uint8_t {
  compute,
  open_file,
  make_socket,
  connect,
  exec,
  fork,
  map_code,
  turn_into_code,
  ptrace,
  signal_parent,
  read_parent,
};
inline constexpr std::uint8_t kProbeCount = 11;

/// What is tried, for people: "open a file".
std::string_view probe_name(Probe probe);

/// Tries it, in this process, and returns the exit code that judge_probe() understands, unless the
/// kernel ends the process. compute says "ready" to `socket` and then waits for a word.
int run_probe(Probe probe, int socket);

/// ok when a process that ended so was refused what `probe` tried, or allowed what it must be.
/// internal, naming the deed, when it was not; unavailable when it could not be confined at all.
Status judge_probe(Probe probe, const ProcessEnd& end);

/// The exit code of any process of the zygote's that could not be confined; its last words say why.
inline constexpr int kExitUnconfined = 71;  // EX_OSERR of sysexits(3)

}  // namespace thumbmill
