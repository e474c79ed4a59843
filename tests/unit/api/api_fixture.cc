#include "unit/api/api_fixture.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "api/embedded_files.h"
#include "model/job_result.h"
#include "model/object_key.h"

namespace thumbmill {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

void set_target(HttpRequest& request, std::string_view target) {
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = percent_decoded(target.substr(0, question));
  target.remove_prefix(std::min(question + 1, target.size()));
  while (!target.empty()) {
    const std::size_t end = std::min(target.find('&'), target.size());
    const std::string_view pair = target.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    request.query.emplace_back(percent_decoded(pair.substr(0, equals)),
                               percent_decoded(pair.substr(std::min(equals + 1, pair.size()))));
    target.remove_prefix(std::min(end + 1, target.size()));
  }
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool matches(std::string_view pattern, std::string_view path) {
  const std::vector<std::string> wanted = split(pattern);
  const std::vector<std::string> given = split(path);
  return std::ranges::equal(wanted, given, [](const std::string& a, const std::string& b) {
    return a == b || (a.starts_with('{') && !b.empty());
  });
}

}  // namespace

Form& Form::file(std::string_view field, std::string_view name, std::string_view bytes) {
  body_ += fmt::format(
      "--bOuNdArY\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n{}\r\n",
      field, name, bytes);
  return *this;
}

Form& Form::field(std::string_view name, std::string_view value) {
  body_ += fmt::format("--bOuNdArY\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                       name, value);
  return *this;
}

std::string Exchange::body() const { return answer->response()->body.to_string().value(); }

boost::json::value Exchange::json() const { return boost::json::parse(body()); }

std::string Exchange::text(std::string_view pointer) const {
  return std::string(json().at_pointer(pointer).as_string());
}

std::string Exchange::field(std::string_view name) const {
  const HttpResponse response = answer->response().value();
  return std::string(response.fields.get(name).value_or(""));
}

ApiDescription embedded_description() {
  return ApiDescription(boost::json::parse(description_files().front().bytes));
}

UploadSettings ApiFixture::settings(const std::string& spool) {
  UploadSettings settings;
  settings.limits = {.max_file_bytes = 1000, .max_request_bytes = 4000};
  RenditionSpec thumb;
  RenditionSpec card;
  card.width_px = 400;
  settings.defaults = {.presets = {{"thumb", thumb}, {"card", card}},
                       .renditions = {"thumb"},
                       .keep_original = false};
  settings.spool_directory = [spool] { return spool; };
  return settings;
}

ApiFixture::ApiFixture()
    : service_(settings(spool_.path()), api_parts()), description_(embedded_description()) {}

ApiParts ApiFixture::api_parts() {
  return {.ingest = ingest_,
          .catalog = catalog_,
          .dead_letters = dead_letters_,
          .store = store_,
          .depth = depth_,
          .notifier = notifier_,
          .workload = workload_,
          .metrics = metrics_,
          .log = log_,
          .clock = clock_,
          .direct_uploads = &direct_uploads_};
}

ApiFixture::~ApiFixture() { end_answers(); }

void ApiFixture::end_answers() {
  for (const auto& answer : answers_) {
    while (answer->waiting()) answer->run_all();
  }
}

Exchange ApiFixture::call(const std::string& method, const std::string& target,
                          const FieldList& fields, const std::string& body) {
  return call_on(service_, method, target, fields, body);
}

Exchange ApiFixture::call_on(ApiService& service, const std::string& method,
                             const std::string& target, const FieldList& fields,
                             const std::string& body) {
  auto request = std::make_shared<HttpRequest>();
  request->method = method;
  set_target(*request, target);
  for (const auto& [name, value] : fields) request->fields.add(name, value);
  request->has_body = !body.empty();
  if (!request->fields.get("Transfer-Encoding")) request->content_length = body.size();
  request->request_id = "request-1";
  request->received = clock_.now();

  Exchange exchange{std::make_shared<CapturedAnswer>()};
  if (hold_streams_) exchange.answer->hold_streams();
  answers_.push_back(exchange.answer);
  const std::unique_ptr<HttpTask> task = service.begin(request);
  Status status;
  if (body.size() > task->body_limit()) {
    status = Status(Code::too_large, "the body is over the limit");
  }
  constexpr std::size_t kPiece = 7;
  for (std::size_t i = 0; status.ok() && i < body.size(); i += kPiece) {
    status = task->on_body(std::string_view(body).substr(i, kPiece));
  }
  if (!status.ok()) {
    exchange.answer->respond(task->reject(status));
  } else {
    task->run(Responder(exchange.answer), OpContext{});
    exchange.answer->run_due(clock_.now());
  }
  if (exchange.answer->response()) {
    check_description(method, request->path, *exchange.answer->response());
  }
  return exchange;
}

void ApiFixture::check_description(const std::string& method, const std::string& path,
                                   const HttpResponse& response) {
  const std::string wanted = method == "HEAD" ? "GET" : method;
  std::string best;
  for (const std::string& operation : description_.operations()) {
    const std::size_t space = operation.find(' ');
    if (operation.substr(0, space) != wanted || !matches(operation.substr(space + 1), path)) {
      continue;
    }
    if (best.empty() || std::ranges::count(operation, '{') < std::ranges::count(best, '{')) {
      best = operation;
    }
  }
  if (!best.empty()) {
    EXPECT_THAT(description_.check(best, response), testing::IsEmpty());
  }
  if (response.fields.get("Content-Type") == "application/problem+json") {
    const boost::json::value problem = boost::json::parse(response.body.to_string().value());
    EXPECT_THAT(description_.check_schema("Problem", problem), testing::IsEmpty());
    EXPECT_EQ(problem.at("status").as_int64(), response.status);
  }
}

std::string ApiFixture::upload(const std::string& target) {
  const Exchange exchange = call("POST", target, {{"Content-Type", "image/jpeg"}}, kJpeg);
  EXPECT_EQ(exchange.status(), 202) << exchange.body();
  return std::string(exchange.json().at("id").as_string());
}

void ApiFixture::start_job(const std::string& id) {
  auto leases =
      queue_.lease(1, std::chrono::seconds(30), std::chrono::seconds(0), OpContext{}).value();
  ASSERT_EQ(leases.size(), 1U);
  ASSERT_EQ(leases.front().id(), id);
  notifier_.publish({.id = id, .state = JobState::running, .at = clock_.wall_now()});
}

void ApiFixture::finish_job(const std::string& id, const std::string& bytes) {
  const Job job = decode_job(store_.head(upload_key(id), {}).value().metadata).value();
  JobResult result;
  result.name = job.name;
  result.created = job.created;
  result.finished = clock_.wall_now();
  result.source_size = {400, 300};
  result.source_bytes = kJpeg.size();
  result.kept_original = job.keep_original;
  for (const RenditionSpec& spec : job.renditions) {
    result.renditions.push_back({.name = spec.name,
                                 .format = ImageFormat::jpeg,
                                 .size = {200, 150},
                                 .size_bytes = bytes.size(),
                                 .placeholder = "LEHV6nWB2yk8",
                                 .color = "#8a7f6b"});
    ASSERT_TRUE(store_
                    .put(thumb_key(id, spec.name, ImageFormat::jpeg), Blob(bytes),
                         {.content_type = "image/jpeg"}, {})
                    .ok());
  }
  if (job.keep_original) {
    ASSERT_TRUE(store_.copy(upload_key(id), original_key(id), {}).ok());
  }
  ASSERT_TRUE(store_.put(result_key(id), Blob(encode_job_result(result)), {}, {}).ok());
  ASSERT_TRUE(store_.remove(upload_key(id), {}).ok());
  ASSERT_TRUE(queue_.forget(id, {}).ok());
  notifier_.publish(
      {.id = id, .state = JobState::done, .at = clock_.wall_now(), .worker_time = kWorkerTime});
}

void ApiFixture::fail_job(const std::string& id, Code code, bool keep_dead_letter) {
  const Job job = decode_job(store_.head(upload_key(id), {}).value().metadata).value();
  JobResult result;
  result.name = job.name;
  result.created = job.created;
  result.finished = clock_.wall_now();
  result.failure = JobFailure{code, "why it failed"};
  result.attempts = 2;
  if (keep_dead_letter) {
    ASSERT_TRUE(store_.copy(upload_key(id), dead_key(id), {}).ok());
  }
  ASSERT_TRUE(store_.put(result_key(id), Blob(encode_job_result(result)), {}, {}).ok());
  ASSERT_TRUE(store_.remove(upload_key(id), {}).ok());
  ASSERT_TRUE(queue_.forget(id, {}).ok());
  notifier_.publish({.id = id,
                     .state = JobState::failed,
                     .at = clock_.wall_now(),
                     .code = std::string(code_name(code))});
}

void ApiFixture::advance(const Exchange& exchange, std::chrono::milliseconds by) {
  clock_.advance(by);
  exchange.answer->run_due(clock_.now());
}

}  // namespace thumbmill
