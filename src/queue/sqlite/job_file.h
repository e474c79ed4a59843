// The file of the SQLite queue: its format, taking over older ones, and making its rows ours at the
// start. docs/formats/queue-sqlite.md. Internal to queue/sqlite.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "queue/sqlite/database.h"

namespace thumbmill {

/// No queue lives for so many; leaves room to count on.
inline constexpr std::int64_t kMostRounds = 1'000'000'000'000'000;

/// Opens the file, checks it, makes the tables or converts those of an older format, and makes
/// ready what a former process had leased or delayed, and rows of others. corrupt_input when the
/// file is damaged; unsupported when its format is newer. `now_ms`: milliseconds since 1970.
Result<Database> open_job_file(const std::string& path, std::int64_t now_ms);

}  // namespace thumbmill
