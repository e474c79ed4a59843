// Lines on the channel of job events come from whoever may publish there.
#include "base/ids.h"
#include "base/status.h"
#include "fuzz_target.h"
#include "notify/event_line.h"

using namespace thumbmill;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto line = from_event_line(fuzz_text(data, size));
  if (!line) return 0;
  THUMBMILL_CHECK(is_uuid7(line->event.id));
  const auto again = from_event_line(to_event_line(line->origin, line->event));
  THUMBMILL_CHECK(again.has_value());
  THUMBMILL_CHECK(again->origin == line->origin && again->event.id == line->event.id &&
                  again->event.state == line->event.state && again->event.at == line->event.at &&
                  again->event.code == line->event.code);
  return 0;
}
