#include "store/s3/credentials.h"

#include <algorithm>

namespace thumbmill::s3 {
namespace {

// Refreshed this long before they expire, while the old ones still serve; with less than the second
// span left, callers wait for the new ones, so that no request is signed with what expires on its
// way.
constexpr std::chrono::minutes kRefreshAhead{5};
constexpr std::chrono::minutes kLeastLife{1};
constexpr std::chrono::seconds kPauseAfterFailure{30};
// How long a request may take to get better credentials than it has.
constexpr std::chrono::seconds kMostForBetter{2};

bool expired(const Credentials& credentials, WallTime now) {
  return credentials.expires && *credentials.expires <= now;
}

}  // namespace

std::string variable(const Environment& environment, const std::string& name) {
  return environment(name).value_or("");
}

std::vector<std::unique_ptr<CredentialSource>> standard_sources(const Environment& environment,
                                                                const std::string& region,
                                                                HttpTransport& transport) {
  std::vector<std::unique_ptr<CredentialSource>> sources;
  sources.push_back(make_environment_source(environment));
  sources.push_back(make_profile_source(environment));
  sources.push_back(make_web_identity_source(environment, region, transport));
  sources.push_back(make_container_source(environment, transport));
  sources.push_back(make_imds_source(environment, transport));
  return sources;
}

CredentialChain::Freshness CredentialChain::freshness() const {
  if (!current_) return Freshness::useless;
  if (!current_->expires) return Freshness::fresh;
  const auto left = *current_->expires - clock_.wall_now();
  if (left > kRefreshAhead) return Freshness::fresh;
  return left > kLeastLife ? Freshness::ageing : Freshness::useless;
}

Result<Credentials> CredentialChain::get(const OpContext& context) {
  const std::stop_callback wake(context.stop, [this] {
    // Taken so that the notification cannot fall between a waiter's look at `stop` and its wait.
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  });
  OpContext for_fetch = context;
  std::unique_lock lock(mutex_);
  for (;;) {
    RETURN_IF_ERROR(context.check(clock_).with_context("waiting for the store's credentials"));
    const Freshness state = freshness();
    if (state == Freshness::fresh) return *current_;
    if (state == Freshness::ageing && (refreshing_ || clock_.now() < next_try_)) return *current_;
    if (state == Freshness::ageing) {
      for_fetch.deadline = std::min(context.deadline, clock_.now() + kMostForBetter);
    }
    if (!refreshing_) break;
    clock_.wait_until(lock, changed_, context.deadline,
                      [&] { return !refreshing_ || context.stop.stop_requested(); });
  }
  refreshing_ = true;
  lock.unlock();
  Result<Credentials> fetched = fetch(for_fetch);
  lock.lock();
  refreshing_ = false;
  changed_.notify_all();
  if (fetched.ok()) {
    current_ = *fetched;
    return fetched;
  }
  next_try_ = clock_.now() + kPauseAfterFailure;
  if (!current_ || expired(*current_, clock_.wall_now())) return fetched;
  log_.warning("S3 credentials cannot be refreshed, the old ones are still good",
               {{"detail", fetched.status().to_string()}});
  return *current_;
}

void CredentialChain::reject(const Credentials& used) {
  const std::lock_guard lock(mutex_);
  if (current_ && current_->access_key_id == used.access_key_id &&
      current_->session_token == used.session_token) {
    current_.reset();
  }
}

Result<Credentials> CredentialChain::fetch(const OpContext& context) {
  for (const auto& source : sources_) {
    // What was found once is not silently replaced by another identity.
    if (found_ != nullptr && source.get() != found_) continue;
    ASSIGN_OR_RETURN(std::optional<Credentials> credentials, source->fetch(context));
    if (!credentials) continue;
    if (found_ == nullptr) log_.info("S3 credentials found", {{"source", source->name()}});
    found_ = source.get();
    return *std::move(credentials);
  }
  return Status(Code::unavailable, "the store cannot be reached",
                "no S3 credentials in environment, profile, web identity, container endpoint or "
                "instance metadata");
}

}  // namespace thumbmill::s3
