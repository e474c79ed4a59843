// Records of the job topics, and the metadata of commits, come from whoever may write there.
// Input: a record's key, its headers in the order that to_headers has, and a commit's metadata, a
// line each.
#include <array>

#include "base/status.h"
#include "fuzz_target.h"
#include "queue/kafka/in_flight.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<std::string_view, 6> lines;
  std::string_view rest = fuzz_text(data, size);
  for (std::string_view& line : lines) {
    line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  const KafkaHeaders names = to_headers({});
  const JobRecord record = from_record(lines[0], [&](const char* name) {
    std::optional<std::string_view> found;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].first == name) found = lines[i + 1];
    }
    return found;
  });
  THUMBMILL_CHECK(record.attempts >= 0 && record.attempts <= kMostAttempts);
  const PartitionId partition{"jobs", 0};
  JobsInFlight jobs;
  jobs.assign(partition, {7, std::string(lines.back())});
  jobs.add(partition, 7, record, SteadyTime());
  const CommitMark mark = jobs.mark(partition, false);
  THUMBMILL_CHECK(mark.offset == 7);
  JobsInFlight next;
  next.assign(partition, mark);
  next.add(partition, 7, record, SteadyTime());
  THUMBMILL_CHECK(next.mark(partition, false) == mark);
  return 0;
}
