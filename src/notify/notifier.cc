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

std::optional<JobState> job_state_from_name(std::string_view name) {
  for (const JobState state :
       {JobState::queued, JobState::running, JobState::done, JobState::failed, JobState::deleted}) {
    if (job_state_name(state) == name) return state;
  }
  return std::nullopt;
}

}  // namespace thumbmill
