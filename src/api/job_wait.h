// Waiting for jobs to end without holding a thread: the long-polls of uploads and images. Told by
// the Notifier, which may miss things, and assured by reading the Catalog.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/status.h"
#include "net/http.h"
#include "notify/notifier.h"
#include "service/catalog.h"

namespace thumbmill {

/// What a wait needs; all of it outlives the server.
struct JobWaitParts {
  Catalog& catalog;
  Notifier& notifier;
  const Clock& clock;
};

/// True for a state in which nothing more will happen by itself.
bool is_terminal(JobState state);

/// Makes the answer of a wait from what became of each job, in the order of the ids.
using JobWaitAnswer = std::function<HttpResponse(const std::vector<Result<JobView>>&)>;

/// Answers when all jobs `ids` have ended or cannot be found, when one cannot be read, at
/// `deadline`, when the client has gone, or when the server is stopping, whichever is first.
void answer_when_ended(const JobWaitParts& parts, std::vector<std::string> ids, SteadyTime deadline,
                       Responder responder, const OpContext& context, JobWaitAnswer answer);

/// Seconds to wait, from the text of a `wait` option: 0 to 60. invalid_argument.
Result<std::chrono::seconds> parse_wait(std::string_view text);

}  // namespace thumbmill
