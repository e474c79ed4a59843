// ApiFixture: the whole API over the real service layer and fake adapters, driven task by task
// without a socket. Every answer is checked against openapi.json on the way.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_service.h"
#include "fakes/captured_answer.h"
#include "fakes/fake_presigner.h"
#include "fakes/memory_queue.h"
#include "fakes/memory_store.h"
#include "fakes/quiet.h"
#include "fakes/recording_metrics.h"
#include "fakes/sim_clock.h"
#include "fakes/text_keys.h"
#include "notify/local/local_notifier.h"
#include "temp_directory.h"
#include "unit/api/json_schema.h"

namespace thumbmill {

using FieldList = std::vector<std::pair<std::string, std::string>>;

/// Bytes that are a JPEG by their magic bytes.
inline const std::string kJpeg = std::string("\xff\xd8\xff\xe0") + std::string(96, 'j');

/// A form in multipart/form-data, part by part.
class Form {
 public:
  Form& file(std::string_view field, std::string_view name, std::string_view bytes);
  Form& field(std::string_view name, std::string_view value);
  std::string body() const { return body_ + "--bOuNdArY--\r\n"; }
  static FieldList fields() { return {{"Content-Type", "multipart/form-data; boundary=bOuNdArY"}}; }

 private:
  std::string body_;
};

/// A request that has been run, and its answer as far as there is one.
struct Exchange {
  std::shared_ptr<CapturedAnswer> answer;  // shared with the handler
  int status() const { return answer->response() ? answer->response()->status : 0; }
  std::string body() const;
  boost::json::value json() const;
  /// The string at a JSON pointer (RFC 6901) into the body.
  std::string text(std::string_view pointer) const;
  std::string field(std::string_view name) const;
};

class ApiFixture : public testing::Test {
 protected:
  ApiFixture();
  /// Fires what the answers still wait for, as a stopping server does: until then it keeps them.
  ~ApiFixture() override;

  /// Lets every answer that still waits come to its end. For who has a service of their own, which
  /// goes before this does.
  void end_answers();

  /// Runs a request; its answer may come later. The body is given in small pieces.
  Exchange call(const std::string& method, const std::string& target, const FieldList& fields = {},
                const std::string& body = {});
  /// The same on another service than the fixture's own, for answers that are given at once.
  Exchange call_on(ApiService& service, const std::string& method, const std::string& target,
                   const FieldList& fields = {}, const std::string& body = {});
  Exchange get(const std::string& target, const FieldList& fields = {}) {
    return call("GET", target, fields);
  }

  /// Streams that are started from now on have a client that does not read.
  void hold_streams() { hold_streams_ = true; }

  /// Uploads kJpeg and returns its id.
  std::string upload(const std::string& target = "/v1/images");

  /// What a worker would do to a queued job: start it, end it well, or end it badly.
  void start_job(const std::string& id);
  void finish_job(const std::string& id, const std::string& bytes = "the rendition's bytes");
  void fail_job(const std::string& id, Code code, bool keep_dead_letter = true);

  /// Moves time on and fires what is due of `exchange`.
  void advance(const Exchange& exchange, std::chrono::milliseconds by);

  /// Fails the test unless the answer is as openapi.json says.
  void check_description(const std::string& method, const std::string& path,
                         const HttpResponse& response);

  /// What the fixture's own service works on.
  ApiParts api_parts();

  static constexpr std::chrono::milliseconds kWorkerTime{500};  ///< that a finished job took

  bool hold_streams_ = false;

  static UploadSettings settings(const std::string& spool);

  SimClock clock_;
  MemoryStore store_{clock_};
  MemoryQueue queue_{clock_};
  LocalNotifier notifier_;
  Workload workload_{notifier_, clock_, std::chrono::minutes(1)};
  RecordingMetrics metrics_;
  NoLogger log_;
  TempDirectory spool_;
  std::atomic<std::uint64_t> unqueued_ = 0;  ///< uploads that wait for the queue
  DepthReader depth_{[this](const OpContext& context) -> Result<QueueDepth> {
                       ASSIGN_OR_RETURN(QueueDepth depth, queue_.depth(context));
                       depth.unqueued = unqueued_;
                       return depth;
                     },
                     clock_};
  Ingest ingest_{store_, queue_, notifier_, metrics_, log_, clock_};
  Catalog catalog_{store_, queue_, notifier_, metrics_, log_, clock_};
  DeadLetters dead_letters_{store_, queue_, catalog_, notifier_, log_, clock_};
  FakePresigner presigner_;
  DirectUploads direct_uploads_{presigner_, store_, ingest_, clock_, std::chrono::minutes(15)};
  ApiService service_;
  ApiDescription description_;

 private:
  std::vector<std::shared_ptr<CapturedAnswer>> answers_;  // shared with the handlers
};

/// openapi.json as it is in the binary.
ApiDescription embedded_description();

}  // namespace thumbmill
