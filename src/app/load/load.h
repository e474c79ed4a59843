// The load generator: uploads files to a server, waits for their thumbnails, measures and counts.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/load/report.h"
#include "app/load/schedule.h"
#include "base/blob.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/status.h"

namespace thumbmill {

/// A file to upload, as a multipart body that is made once.
struct LoadFile {
  std::string name;
  Blob bytes;
};

struct LoadOptions {
  std::string url;              ///< base URL of the server
  std::string api_key;          ///< empty: none is sent
  std::vector<LoadFile> files;  ///< uploaded in turn; at least one
  ScheduleOptions schedule;
  std::size_t concurrency = 16;  ///< connections; in an open loop the most uploads under way
  bool wait = true;              ///< for the thumbnails
  bool fetch = false;            ///< download each first thumbnail and look at its magic bytes
  std::chrono::milliseconds timeout{60'000};  ///< for one upload with its thumbnail, all tries
  /// Of an upload that gets no answer, or one that may change. With more than one, each upload has
  /// an Idempotency-Key, the same for all its tries.
  int tries = 1;
  bool tolerate_errors = false;  ///< go on when the server cannot be reached
  std::stop_token stop = {};     ///< begin no more uploads; those under way are waited for
  std::function<void(const std::string& id)> on_accepted;   ///< called as soon as an id is known
  std::function<void(std::uint64_t finished)> on_progress;  ///< called after each upload
};

/// Runs to the end of the schedule. invalid_argument for a bad URL; unavailable when the server
/// cannot be reached at all (unless tolerated).
Result<LoadReport> run_load(const LoadOptions& options, Clock& clock, Random& random);

/// A PNG of that size filled with noise, for runs without files. Stored, not compressed: no encoder
/// is needed, and decoding costs what reading costs.
std::string make_noise_png(std::uint32_t width_px, std::uint32_t height_px, Random& random);

}  // namespace thumbmill
