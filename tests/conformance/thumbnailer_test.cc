// Every Thumbnailer that decodes real images against the suite: in this process, and in decoder
// processes.
#include "conformance/thumbnailer_hostile_suite.h"
#include "conformance/thumbnailer_suite.h"
#include "decoder/kernels.h"
#include "fakes/quiet.h"
#include "reference/vips_thumbnailer.h"
#include "sandbox/decoder_pool.h"

namespace thumbmill {
namespace {

ThumbnailerUnderTest make_direct() { return {nullptr, VipsThumbnailer::create().value()}; }

// Our own kernels, and libvips behind them.
ThumbnailerUnderTest make_chain() { return {nullptr, make_kernels().value()}; }

struct PoolSurroundings {
  NoMetrics metrics;
  NoLogger log;
  SystemClock clock;
};

ThumbnailerUnderTest make_pool() {
  // The pictures are made and looked at with libvips in this process.
  THUMBMILL_CHECK(vips_init("thumbnailer_test") == 0);
  auto surroundings = std::make_shared<PoolSurroundings>();
  auto pool = DecoderPool::start(
      {.command = {THUMBMILL_DECODER}, .single_command = {THUMBMILL_CODECS}, .processes = 1},
      surroundings->metrics, surroundings->log, surroundings->clock);
  return {surroundings, std::move(pool).value()};
}

INSTANTIATE_TEST_SUITE_P(Vips, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"vips", make_direct}));
INSTANTIATE_TEST_SUITE_P(Chain, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"chain", make_chain}));
INSTANTIATE_TEST_SUITE_P(Pool, ThumbnailerSuite,
                         ::testing::Values(ThumbnailerFactory{"pool", make_pool}));

}  // namespace
}  // namespace thumbmill
