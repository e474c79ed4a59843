// What a load run found, for people and for scripts.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/load/samples.h"

namespace thumbmill {

struct LoadReport {
  std::uint64_t uploads = 0;   ///< begun
  std::uint64_t accepted = 0;  ///< answered 2xx with an id
  std::uint64_t done = 0;      ///< of these, ended with thumbnails
  std::uint64_t failed = 0;    ///< of these, ended with a reason
  std::uint64_t lost = 0;      ///< of these, not ended within the time-out, or unknown afterwards
  std::map<std::string, std::uint64_t> errors;  ///< uploads not accepted, by what happened
  std::uint64_t retried = 0;                    ///< tries beyond each upload's first
  std::uint64_t bytes = 0;                      ///< of accepted uploads
  double seconds = 0;                           ///< from the first upload to the last end
  bool waited = true;                           ///< whether ends were waited for
  Percentiles upload;                           ///< from when it was due to its answer
  Percentiles end_to_end;                       ///< from when it was due to its end
};

std::string report_text(const LoadReport& report);
std::string report_json(const LoadReport& report);

}  // namespace thumbmill
