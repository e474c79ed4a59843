// Jobs and results are read back from a store that others may write to.
#include "base/status.h"
#include "fuzz_target.h"
#include "model/job.h"
#include "model/job_result.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz_text(data, size));
  if (const auto job = decode_job(Metadata{{"job", text}}); job.ok()) {
    // What could be read can be written again, unless its escapes make it too long.
    const auto again = encode_job(*job);
    if (again.ok()) {
      THUMBMILL_CHECK(*decode_job(*again) == *job);
    } else {
      THUMBMILL_CHECK(again.status().code() == Code::invalid_argument);
    }
  }
  if (const auto result = decode_job_result(text); result.ok()) {
    THUMBMILL_CHECK(*decode_job_result(encode_job_result(*result)) == *result);
  }
  return 0;
}
