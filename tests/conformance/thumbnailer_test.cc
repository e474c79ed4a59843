// Every Thumbnailer that decodes real images against the suite: in this process, and in decoder
// processes.
#include "conformance/thumbnailer_formats_suite.h"
#include "conformance/thumbnailer_hostile_suite.h"
#include "conformance/thumbnailer_suite.h"
#include "decoder/kernels.h"
#include "fakes/quiet.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

ThumbnailerUnderTest make_direct() {
  // The pictures are made and looked at with libvips in this process.
  THUMBMILL_CHECK(vips_init("thumbnailer_test") == 0);
  return {nullptr, make_kernels().value()};
}

struct PoolSurroundings {
  NoMetrics metrics;
  NoLogger log;
  SystemClock clock;
};

ThumbnailerUnderTest make_pool_of(bool always_single) {
  THUMBMILL_CHECK(vips_init("thumbnailer_test") == 0);
  auto surroundings = std::make_shared<PoolSurroundings>();
  auto pool = DecoderPool::start({.command = {THUMBMILL_DECODER},
                                  .single_command = {THUMBMILL_CODECS},
                                  .processes = 1,
                                  .always_single = always_single},
                                 surroundings->metrics, surroundings->log, surroundings->clock);
  return {surroundings, std::move(pool).value()};
}

// Each format in the program that it goes to.
ThumbnailerUnderTest make_pool() { return make_pool_of(false); }

// Every format in the program that reads all of them.
ThumbnailerUnderTest make_strict_pool() { return make_pool_of(true); }

INSTANTIATE_TEST_SUITE_P(Kernels, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"kernels", make_direct}));
INSTANTIATE_TEST_SUITE_P(Pool, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"pool", make_pool}));
INSTANTIATE_TEST_SUITE_P(StrictPool, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"strict_pool", make_strict_pool}));

}  // namespace
}  // namespace thumbmill
