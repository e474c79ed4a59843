// Starting the decoder processes that the settings ask for.
#pragma once

#include <memory>
#include <string>

#include "app/settings.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/status.h"
#include "metrics/metrics.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {

/// Where the decoder programs lie: beside this one.
struct DecoderPrograms {
  std::string shared;  ///< of the processes that images share
  std::string single;  ///< of the processes for one image each
};

/// unavailable when this program's own path cannot be told.
Result<DecoderPrograms> find_decoder_programs();

/// What becomes of an image for which there is no memory now.
enum class MemoryShortage {
  wait,      ///< for as long as it takes
  give_way,  ///< one waits, others soon are exhausted: their jobs are put off for those of others
};

/// A pool of the programs thumbmill-decoder and thumbmill-codecs, which lie beside this one. As
/// DecoderPool::start().
Result<std::unique_ptr<DecoderPool>> start_decoders(const Settings& settings,
                                                    MemoryShortage shortage, Metrics& metrics,
                                                    Logger& log, Clock& clock);

/// How many jobs are worked on at once: the setting, or one a core.
std::size_t worker_count(const Settings& settings);

/// The setting, or half of what this process may use: the rest is for decoders' own programs, for
/// what the estimates miss, and for this process.
std::uint64_t decoder_memory_budget(const Settings& settings);

/// The limits on an image.
ImageLimits image_limits(const Settings& settings);

}  // namespace thumbmill
