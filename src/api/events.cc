#include "api/events.h"

#include <charconv>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/views.h"

namespace thumbmill {
namespace {

// A comment this often keeps proxies from closing a quiet stream.
constexpr std::chrono::seconds kKeepAlive{15};
// How long a browser waits before it connects again.
constexpr std::string_view kPreamble = "retry: 3000\n\n";
constexpr std::chrono::seconds kReadTime{10};

std::string event_text(const JobEvent& event) {
  std::string text;
  if (event.sequence > 0) text = fmt::format("id: {}\n", event.sequence);
  return text +
         fmt::format("event: state\ndata: {}\n\n", boost::json::serialize(event_json(event)));
}

JobEvent event_of(const JobView& job, WallTime now) {
  JobEvent event{.id = job.id, .state = job.state, .at = now};
  if (job.result) {
    event.at = job.result->finished;
    if (job.result->failure) event.code = code_name(job.result->failure->code);
  }
  return event;
}

// One client's stream, of one job or (with an empty id) of all. Thread-safe. Held by the timer of
// its next comment, which always comes; the listener holds it weakly, because the stream owns the
// subscription.
class EventStream final : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(const EventParts& parts, std::string id, Responder responder,
              const OpContext& context)
      : parts_(parts), id_(std::move(id)), responder_(std::move(responder)), context_(context) {}

  // Listens first and reads the present state then, so that no end falls between the two.
  void start(const HttpRequest& request, std::optional<std::uint64_t> after) {
    subscribe(after);
    std::optional<JobEvent> present;
    if (!id_.empty()) {
      const Result<JobView> view = read();
      if (!view.ok()) {
        end();
        responder_.respond(failure_response(view.status(), request, parts_.log));
        return;
      }
      present = event_of(*view, parts_.wait.clock.wall_now());
    }
    if (!open()) return;
    begin_with(present);
    drain();
    schedule();
  }

 private:
  void subscribe(std::optional<std::uint64_t> after) {
    std::unique_ptr<Subscription> subscription = parts_.wait.notifier.subscribe(
        id_, after, [weak = weak_from_this()](const JobEvent& event) {
          if (const auto self = weak.lock()) self->on_event(event);
        });
    const std::lock_guard lock(mutex_);
    subscription_ = std::move(subscription);
  }

  // Starts the answer. False when the request has been answered already.
  bool open() {
    HttpResponse head;
    head.fields.add("Content-Type", "text/event-stream");
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("X-Accel-Buffering", "no");  // nginx would hold events back
    head.body = Blob(std::string(kPreamble));
    stream_ = responder_.stream(std::move(head));
    if (stream_ == nullptr) {
      end();
      return false;
    }
    stream_->on_closed([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end_later();
    });
    return true;
  }

  // Of the events that came while the state was being read only the last one can be news.
  void begin_with(const std::optional<JobEvent>& present) {
    if (!present) return;
    const std::lock_guard lock(mutex_);
    if (waiting_.size() > 1) waiting_.erase(waiting_.begin(), waiting_.end() - 1);
    if (is_terminal(present->state) ||
        (!waiting_.empty() && waiting_.front().state == present->state)) {
      waiting_.clear();
    }
    waiting_.push_front(*present);
  }

  void on_event(const JobEvent& event) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      waiting_.push_back(event);
      if (draining_) return;  // until start() has opened the stream, or another thread is at it
      draining_ = true;
    }
    drain();
  }

  // Sends what is waiting, in order. Entered by the one thread that has set draining_.
  void drain() {
    while (true) {
      std::optional<JobEvent> event;
      {
        const std::lock_guard lock(mutex_);
        if (ended_ || waiting_.empty()) {
          draining_ = false;
          return;
        }
        event = std::move(waiting_.front());
        waiting_.pop_front();
      }
      const bool last = !id_.empty() && is_terminal(event->state);
      const bool sent = stream_->send(event_text(*event));
      if (!last && sent) continue;
      stream_->close();
      end_later();
      return;
    }
  }

  void schedule() {
    const SteadyTime when = parts_.wait.clock.now() + kKeepAlive;
    responder_.at(when, [self = shared_from_this(), when] { self->on_timer(when); });
  }

  void on_timer(SteadyTime when) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
    }
    // Before its time means that the server is stopping.
    if (parts_.wait.clock.now() < when || !stream_->send(": \n\n")) {
      stream_->close();
      end();
      return;
    }
    if (!id_.empty()) recheck();
    schedule();
  }

  // The Notifier may have missed the end; the Catalog has not.
  void recheck() {
    const Result<JobView> view = read();
    if (view.ok() && is_terminal(view->state)) {
      on_event(event_of(*view, parts_.wait.clock.wall_now()));
    } else if (view.status().code() == Code::not_found) {
      on_event(JobEvent{.id = id_, .state = JobState::deleted, .at = parts_.wait.clock.wall_now()});
    }
  }

  Result<JobView> read() const {
    OpContext context = context_;
    context.deadline = std::max(context.deadline, parts_.wait.clock.now() + kReadTime);
    return parts_.wait.catalog.find(id_, context);
  }

  void end() {
    std::unique_ptr<Subscription> subscription;  // ends outside the lock: it waits for its listener
    const std::lock_guard lock(mutex_);
    ended_ = true;
    subscription.swap(subscription_);
  }

  // end() from a thread that may be the publisher's, which must not end subscriptions.
  void end_later() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    responder_.at(parts_.wait.clock.now(), [self = shared_from_this()] { self->end(); });
  }

  const EventParts& parts_;
  const std::string id_;
  Responder responder_;
  const OpContext context_;
  std::shared_ptr<HttpStream> stream_;  // shared with the server; set before draining_ is given up

  std::mutex mutex_;
  std::deque<JobEvent> waiting_;                // guarded by mutex_
  bool draining_ = true;                        // guarded by mutex_; start() is the first to drain
  bool ended_ = false;                          // guarded by mutex_
  std::unique_ptr<Subscription> subscription_;  // guarded by mutex_
};

std::optional<std::uint64_t> last_event_id(const HttpRequest& request) {
  const auto text = request.fields.get("Last-Event-ID");
  if (!text) return std::nullopt;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), sequence);
  // Not one of our ids: whoever sent it gets what is new from now on.
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return sequence;
}

}  // namespace

std::vector<Route> event_routes(const EventParts& parts) {
  return {
      {"GET", "/v1/events",
       AnswerLater([&parts](const Call& call, Responder responder, const OpContext& context) {
         std::make_shared<EventStream>(parts, "", std::move(responder), context)
             ->start(*call.request, last_event_id(*call.request));
       })},
      {"GET", "/v1/images/{id}/events",
       AnswerLater([&parts](const Call& call, Responder responder, const OpContext& context) {
         std::make_shared<EventStream>(parts, call.capture("id"), std::move(responder), context)
             ->start(*call.request, std::nullopt);
       })},
  };
}

}  // namespace thumbmill
