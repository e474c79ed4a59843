#include "notify/notifier.h"

namespace thumbmill {

std::string_view job_state_name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::deleted:
      return "deleted";
  }
  return "queued";
}

}  // namespace thumbmill
