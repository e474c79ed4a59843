#include "api/upload.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/views.h"
#include "model/json.h"

namespace thumbmill {
namespace {

// What became of one file of an upload.
struct Outcome {
  std::string name;
  Status status;
  std::string id;  // when accepted
  bool known = false;
  JobState state = JobState::queued;
};

struct Accepted {
  std::shared_ptr<const HttpRequest> request;
  const RenditionUrls& urls;
  std::vector<Outcome> outcomes = {};
  std::vector<std::string> renditions = {};
};

// A conflict of Ingest is always about the key: it is in the request that the meaning lies.
Problem upload_problem(const Status& failure) {
  return failure.code() == Code::conflict ? Problem::key_in_flight : problem_of(failure);
}

boost::json::object outcome_problem(const Outcome& outcome, Problem problem,
                                    std::string_view message, const HttpRequest& request) {
  boost::json::object entry;
  entry["name"] = json::valid_utf8(outcome.name);
  entry["problem"] = problem_json(problem, message, request.path, request.request_id);
  return entry;
}

boost::json::object receipt_of(const Outcome& outcome, const Accepted& accepted) {
  return receipt_json(outcome.id, outcome.state, outcome.name, accepted.renditions, accepted.urls);
}

HttpResponse single_receipt(const Accepted& accepted) {
  const Outcome& outcome = accepted.outcomes.front();
  if (!outcome.status.ok()) {
    return problem_response(upload_problem(outcome.status), outcome.status.message(),
                            *accepted.request);
  }
  HttpResponse response = json_response(receipt_of(outcome, accepted), outcome.known ? 200 : 202);
  response.fields.add("Location", image_path(outcome.id));
  if (!is_terminal(outcome.state)) response.fields.add("Retry-After", "1");
  return response;
}

HttpResponse receipts(const Accepted& accepted) {
  if (accepted.outcomes.size() == 1) return single_receipt(accepted);
  boost::json::array entries;
  int status = 0;
  for (const Outcome& outcome : accepted.outcomes) {
    if (outcome.status.ok()) {
      entries.push_back(receipt_of(outcome, accepted));
      status = 202;
    } else {
      const Problem problem = upload_problem(outcome.status);
      entries.push_back(
          outcome_problem(outcome, problem, outcome.status.message(), *accepted.request));
      if (status == 0) status = problem_info(problem).status;
    }
  }
  HttpResponse response = json_response(entries, status);
  if (status == 202) response.fields.add("Retry-After", "1");
  return response;
}

// The answer to one file that was waited for and whose job has ended.
HttpResponse single_ended(const JobView& job, const Accepted& accepted) {
  if (job.state == JobState::failed && job.result && job.result->failure) {
    HttpResponse response = problem_response(problem_of_job(job.result->failure->code),
                                             job.result->failure->message, *accepted.request);
    response.fields.add("Location", image_path(job.id.text()));
    return response;
  }
  HttpResponse response = json_response(image_json(job, accepted.urls));
  response.fields.add("Location", image_path(job.id.text()));
  return response;
}

// The answer to a waiting upload: `views` are of the accepted files, in order.
HttpResponse ended(const Accepted& accepted, const std::vector<Result<JobView>>& views) {
  const bool all_ended = std::ranges::all_of(
      views, [](const Result<JobView>& view) { return view.ok() && is_terminal(view->state); });
  if (!all_ended) return receipts(accepted);
  if (accepted.outcomes.size() == 1) return single_ended(*views.front(), accepted);
  boost::json::array entries;
  auto view = views.begin();
  for (const Outcome& outcome : accepted.outcomes) {
    if (outcome.status.ok()) {
      entries.push_back(image_json(**view++, accepted.urls));
    } else {
      entries.push_back(outcome_problem(outcome, upload_problem(outcome.status),
                                        outcome.status.message(), *accepted.request));
    }
  }
  return json_response(entries);
}

class UploadTask final : public HttpTask {
 public:
  UploadTask(const UploadParts& parts, const UploadSettings& settings, const Call& call,
             std::unique_ptr<UploadBody> body)
      : parts_(parts),
        settings_(settings),
        request_(call.request),
        allowance_(call.allowance),
        client_(call.client),
        caller_(call.caller),
        body_(std::move(body)),
        began_(parts.wait.clock.now()) {}

  std::uint64_t body_limit() const override { return body_->limit(); }
  Status on_body(std::string_view bytes) override { return body_->append(bytes); }
  void run(Responder responder, const OpContext& context) override;

  HttpResponse reject(const Status& failure) override {
    count(failure);
    std::string message = failure.message();
    if (failure.code() == Code::too_large && message.empty()) {
      message = fmt::format("the body is over max-body ({} bytes)", body_->limit());
    }
    if (problem_info(problem_of_body(failure)).status >= 500) {
      return failure_response(failure, *request_, parts_.log);
    }
    return problem_response(problem_of_body(failure), message, *request_);
  }

 private:
  // Checks everything that must hold before the first file is accepted.
  Result<UploadOptions> prepare(std::optional<std::string>& key);
  Outcome accept(ReceivedFile file, const UploadOptions& options,
                 const std::optional<std::string>& key, const OpContext& context);
  JobState present_state(const std::string& id, const OpContext& context);

  // Counts an upload that Ingest does not get to see.
  void count(const Status& failure) {
    const bool limited = failure.detail() == Allowance::kRateLimited;
    parts_.metrics.add(metric::kUploads, 1,
                       {limited ? Allowance::kRateLimited : code_name(failure.code())});
  }

  const UploadParts& parts_;
  const UploadSettings& settings_;
  const std::shared_ptr<const HttpRequest> request_;  // shared with the server and the answer
  const std::shared_ptr<Allowance> allowance_;        // see Admission; may be null
  const std::string client_;                          // the name of the API key, if there are keys
  const std::string caller_;                          // see Admission
  const std::unique_ptr<UploadBody> body_;
  const SteadyTime began_;
};

Result<UploadOptions> UploadTask::prepare(std::optional<std::string>& key) {
  RETURN_IF_ERROR(body_->finish());
  if (body_->files.empty()) {
    return Status(Code::invalid_argument, "no file: send one in a field file, image or media");
  }
  ASSIGN_OR_RETURN(key, parse_idempotency_key(*request_));
  if (key && body_->files.size() > 1) {
    return Status(Code::invalid_argument, "Idempotency-Key goes with one file only");
  }
  ASSIGN_OR_RETURN(UploadOptions options,
                   parse_upload_options(*request_, body_->fields, settings_.defaults));
  // The first is the request.
  if (allowance_ != nullptr) RETURN_IF_ERROR(allowance_->take_requests(body_->files.size() - 1));
  return options;
}

JobState UploadTask::present_state(const std::string& id, const OpContext& context) {
  const Result<JobView> view = parts_.wait.catalog.find(id, context);
  // A job that was accepted and cannot be read just now is queued as far as its owner need know.
  return view.ok() ? view->state : JobState::queued;
}

Outcome UploadTask::accept(ReceivedFile file, const UploadOptions& options,
                           const std::optional<std::string>& key, const OpContext& context) {
  Outcome outcome{.name = file.name.empty() ? options.name : file.name,
                  .status = file.status,
                  .id = {},
                  .known = false,
                  .state = JobState::queued};
  if (!outcome.status.ok()) {
    count(outcome.status);
  } else {
    const Upload upload{.body = std::move(file.body),
                        .name = outcome.name,
                        .renditions = options.renditions,
                        .keep_original = options.keep_original,
                        .idempotency_key = key,
                        .client = client_,
                        .caller = caller_,
                        .trace = std::string(request_->fields.get("traceparent").value_or(""))};
    const Result<AcceptedUpload> accepted = parts_.ingest.accept(upload, context);
    outcome.status = accepted.status();
    if (accepted.ok()) {
      outcome.id = accepted->id;
      outcome.name = accepted->name;
      outcome.known = accepted->known;
      if (outcome.known) outcome.state = present_state(outcome.id, context);
      return outcome;
    }
  }
  const bool ours = problem_info(upload_problem(outcome.status)).status >= 500;
  parts_.log.write(ours ? LogLevel::warning : LogLevel::debug, "upload refused",
                   {{"request_id", request_->request_id},
                    {"code", code_name(outcome.status.code())},
                    {"message", outcome.status.message()},
                    {"detail", outcome.status.detail()}});
  return outcome;
}

void UploadTask::run(Responder responder, const OpContext& context) {
  std::optional<std::string> key;
  const Result<UploadOptions> options = prepare(key);
  if (!options.ok()) {
    count(options.status());
    responder.respond(failure_response(options.status(), *request_, parts_.log));
    return;
  }
  Accepted accepted{.request = request_, .urls = parts_.urls};
  for (const RenditionSpec& spec : options->renditions) accepted.renditions.push_back(spec.name);
  std::vector<std::string> ids;
  for (ReceivedFile& file : body_->files) {
    accepted.outcomes.push_back(accept(std::move(file), *options, key, context));
    if (accepted.outcomes.back().status.ok()) ids.push_back(accepted.outcomes.back().id);
  }
  const std::chrono::duration<double> taken = parts_.wait.clock.now() - began_;
  parts_.metrics.observe(metric::kUploadSeconds, taken.count());
  if (options->wait.count() == 0 || ids.empty()) {
    responder.respond(receipts(accepted));
    return;
  }
  answer_when_ended(parts_.wait, std::move(ids), parts_.wait.clock.now() + options->wait,
                    std::move(responder), context,
                    [accepted = std::move(accepted)](const std::vector<Result<JobView>>& views) {
                      return ended(accepted, views);
                    });
}

// An upload that is refused by its head.
class RefusedUpload final : public HttpTask {
 public:
  RefusedUpload(const UploadParts& parts, Status failure,
                std::shared_ptr<const HttpRequest> request)
      : parts_(parts), failure_(std::move(failure)), request_(std::move(request)) {}

  Status on_body(std::string_view) override { return failure_; }

  void run(Responder responder, const OpContext&) override { responder.respond(refuse()); }
  HttpResponse reject(const Status&) override { return refuse(); }

 private:
  HttpResponse refuse() {
    parts_.metrics.add(metric::kUploads, 1, {code_name(failure_.code())});
    const Problem problem = problem_of_body(failure_);
    if (problem_info(problem).status >= 500) {
      return failure_response(failure_, *request_, parts_.log);
    }
    return problem_response(problem, failure_.message(), *request_);
  }

  const UploadParts& parts_;
  const Status failure_;
  const std::shared_ptr<const HttpRequest> request_;  // shared with the server
};

bool is_form(std::string_view content_type) {
  constexpr std::string_view kForm = "multipart/form-data";
  if (content_type.size() < kForm.size()) return false;
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::equal(kForm.begin(), kForm.end(), content_type.begin(),
                    [&](char b, char a) { return same(a, b); });
}

// What takes the body of that request; the reason why nothing does is known from its head.
Result<std::unique_ptr<UploadBody>> make_body(const UploadSettings& settings, UploadKind kind,
                                              const HttpRequest& request) {
  const std::string_view type = request.fields.get("Content-Type").value_or("");
  const bool form = is_form(type);
  if (!form && kind != UploadKind::form_or_raw) {
    return Status(Code::unsupported,
                  "send the image as multipart/form-data, or as the body of /v1/images");
  }
  std::string directory = settings.spool_directory();
  const std::uint64_t length = request.content_length.value_or(0);
  const std::uint64_t most =
      form ? settings.limits.max_request_bytes : settings.limits.max_file_bytes;
  // A body that is over its limit is refused as such.
  if (settings.limits.disk_reserve != nullptr && length <= most) {
    RETURN_IF_ERROR(settings.limits.disk_reserve->check(directory, length));
  }
  if (form) return form_upload_body(type, settings.limits, std::move(directory));
  return raw_upload_body(settings.limits, std::move(directory));
}

}  // namespace

std::unique_ptr<HttpTask> make_upload_task(const UploadParts& parts, const UploadSettings& settings,
                                           UploadKind kind, const Call& call) {
  Result<std::unique_ptr<UploadBody>> body = make_body(settings, kind, *call.request);
  if (body.ok()) {
    return std::make_unique<UploadTask>(parts, settings, call, std::move(body).value());
  }
  return std::make_unique<RefusedUpload>(parts, body.status(), call.request);
}

}  // namespace thumbmill
