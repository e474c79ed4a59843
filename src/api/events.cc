#include "api/events.h"

#include <charconv>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "api/problem.h"
#include "api/views.h"
#include "base/address.h"

namespace thumbmill {
namespace {

// A comment this often keeps proxies from closing a quiet stream.
constexpr std::chrono::seconds kKeepAlive{15};
// How long a browser waits before it connects again.
constexpr std::string_view kPreamble = "retry: 3000\n\n";
constexpr std::chrono::seconds kReadTime{10};
// Some 10 KiB of text.
constexpr std::size_t kPageEvents = 64;

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
// its next comment, which always comes; listener and stream hold it weakly, because it owns the one
// and the other owns it.
//
// What it has still to send is not kept here but read from the Notifier, a page at a time, once the
// connection has handed the page before to the kernel: a client that reads slowly, or that asks for
// everything since long ago, costs a page.
class EventStream final : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(const EventParts& parts, std::string id, std::unique_ptr<StreamSlots::Slot> slot,
              Responder responder, const OpContext& context)
      : parts_(parts),
        id_(std::move(id)),
        responder_(std::move(responder)),
        context_(context),
        slot_(std::move(slot)) {}

  // Listens first and reads the present state then, so that no end falls between the two.
  void start(const HttpRequest& request, std::optional<std::uint64_t> after) {
    cursor_ = after.value_or(notifier().last_sequence());
    subscribe();
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
    schedule();
    if (present) {
      send(with_news(*present));
    } else {
      send_news();
    }
  }

 private:
  Notifier& notifier() const { return parts_.wait.notifier; }

  void subscribe() {
    std::unique_ptr<Subscription> subscription =
        notifier().subscribe(id_, [weak = weak_from_this()](const JobEvent&) {
          if (const auto self = weak.lock()) self->on_news();
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
    stream_->on_drained([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->send_news();
    });
    stream_->on_closed([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end_later();
    });
    return true;
  }

  // The present state, and of the events since it was asked for the last one, where it is news.
  std::vector<JobEvent> with_news(const JobEvent& present) {
    EventPage page = notifier().events_after(cursor_, id_, std::numeric_limits<std::size_t>::max());
    cursor_ = page.last;
    std::vector<JobEvent> events{present};
    if (!page.events.empty() && !is_terminal(present.state) &&
        page.events.back().state != present.state) {
      events.push_back(std::move(page.events.back()));
    }
    return events;
  }

  void on_news() {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      news_ = true;
      if (busy_) return;
      busy_ = true;
    }
    send_news();
  }

  // Sends the next page, or gives up the turn when there is none. Entered by who has set busy_, and
  // by the connection when it has room again.
  void send_news() {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        news_ = false;
      }
      const EventPage page = notifier().events_after(cursor_, id_, kPageEvents);
      cursor_ = page.last;
      if (page.gap && id_.empty()) {
        finish();  // the client comes again, and learns from Last-Event-ID's answer what is left
        return;
      }
      if (!page.events.empty()) {
        send(page.events);
        return;
      }
      const std::lock_guard lock(mutex_);
      if (ended_ || !news_) {
        busy_ = false;
        return;
      }
    }
  }

  // Entered by who has set busy_; it stays so until the connection has room again.
  void send(const std::vector<JobEvent>& events) {
    std::string text;
    for (const JobEvent& event : events) {
      text += event_text(event);
      if (id_.empty() || !is_terminal(event.state)) continue;
      stream_->send(std::move(text));
      finish();
      return;
    }
    if (!stream_->send(std::move(text))) finish();
  }

  void finish() {
    stream_->close();
    end_later();
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
    // Before its time means that the server is stopping, or the client has gone.
    if (parts_.wait.clock.now() < when) {
      stream_->close();
      end();
      return;
    }
    const std::optional<JobEvent> missed = id_.empty() ? std::nullopt : end_of_job();
    schedule();
    {
      const std::lock_guard lock(mutex_);
      if (busy_) return;  // what is being sent keeps the connection alive as well
      busy_ = true;
    }
    if (missed) {
      send({*missed});
    } else if (!stream_->send(": \n\n")) {
      finish();
    }
  }

  // The Notifier may have missed the end; the Catalog has not.
  std::optional<JobEvent> end_of_job() const {
    const Result<JobView> view = read();
    const WallTime now = parts_.wait.clock.wall_now();
    if (view.ok() && is_terminal(view->state)) return event_of(*view, now);
    if (view.status().code() != Code::not_found) return std::nullopt;
    return JobEvent{.id = id_, .state = JobState::deleted, .at = now};
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
    slot_.reset();
    subscription.swap(subscription_);
  }

  // end() from a thread that may be the publisher's, which must not end subscriptions.
  void end_later() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      slot_.reset();
    }
    responder_.at(parts_.wait.clock.now(), [self = shared_from_this()] { self->end(); });
  }

  const EventParts& parts_;
  const std::string id_;
  Responder responder_;
  const OpContext context_;
  std::shared_ptr<HttpStream> stream_;  // shared with the server; set before busy_ is given up
  std::uint64_t cursor_ = 0;  // of the last event that was looked at; of who has set busy_

  std::mutex mutex_;
  bool busy_ = true;                            // guarded by mutex_; start() is the first
  bool news_ = false;                           // guarded by mutex_; came while it was busy
  bool ended_ = false;                          // guarded by mutex_
  std::unique_ptr<StreamSlots::Slot> slot_;     // guarded by mutex_
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

// The client that a stream is counted for; empty for one of any number of clients.
std::string client_of(const EventParts& parts, const Call& call) {
  if (!call.client.empty()) return "key " + call.client;
  const std::string& address = call.request->remote_address;
  return parts.slots.limits().exempt.contains(address) ? ""
                                                       : "address " + address_of_client(address);
}

HttpResponse refuse(const EventParts& parts, const HttpRequest& request,
                    StreamSlots::Refusal refusal) {
  const StreamLimits& limits = parts.slots.limits();
  if (refusal == StreamSlots::Refusal::all) {
    parts.metrics.add(metric::kHttpRejected, 1, {"too_many_streams"});
    return problem_response(
        Problem::unavailable,
        fmt::format("max-event-streams ({}) are open: ask for the image's state", limits.streams),
        request);
  }
  parts.metrics.add(metric::kHttpRejected, 1, {"too_many_streams_of_client"});
  HttpResponse response = problem_response(
      Problem::rate_limited,
      fmt::format("this client has max-event-streams-per-client ({}) open", limits.per_client),
      request);
  response.fields.add("Retry-After", "5");
  return response;
}

void start_stream(const EventParts& parts, const Call& call, std::string id,
                  std::optional<std::uint64_t> after, Responder responder,
                  const OpContext& context) {
  StreamSlots::Refusal refusal{};
  auto slot = parts.slots.take(client_of(parts, call), refusal);
  if (slot == nullptr) {
    responder.respond(refuse(parts, *call.request, refusal));
    return;
  }
  std::make_shared<EventStream>(parts, std::move(id), std::move(slot), std::move(responder),
                                context)
      ->start(*call.request, after);
}

}  // namespace

std::vector<Route> event_routes(const EventParts& parts) {
  return {
      {"GET", "/v1/events",
       AnswerLater([&parts](const Call& call, Responder responder, const OpContext& context) {
         start_stream(parts, call, "", last_event_id(*call.request), std::move(responder), context);
       })},
      {"GET", "/v1/images/{id}/events",
       AnswerLater([&parts](const Call& call, Responder responder, const OpContext& context) {
         start_stream(parts, call, call.capture("id"), std::nullopt, std::move(responder), context);
       })},
  };
}

}  // namespace thumbmill
