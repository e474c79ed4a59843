#include "store/s3/curl_transport.h"

#include <algorithm>
#include <array>

#include <curl/curl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/ascii.h"
#include "base/temp_file.h"

namespace thumbmill::s3 {
namespace {

using std::chrono::milliseconds;

// Connections that nobody needs now and that are kept all the same.
constexpr std::size_t kMostIdle = 64;
// The loop looks at stop requests at once (it is woken), at the times this often.
constexpr milliseconds kLongestWait{250};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

Result<HeaderList> header_list(const Parameters& headers) {
  HeaderList list;
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)list.release();  // now part of `longer`
    list.reset(longer);
    return true;
  };
  // libcurl would wait for "100 Continue" before larger bodies: a round trip for each put.
  bool complete = append("Expect:");
  for (const auto& [name, value] : headers) {
    // "Name:" would remove a header; "Name;" is libcurl's way to send an empty one.
    complete = complete && append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  if (!complete) return Status(Code::exhausted, "out of memory");
  return list;
}

/// One exchange's state, which libcurl's callbacks fill.
struct Exchange {
  const HttpCall& call;
  const Clock& clock;
  const std::string& spool_directory;
  const std::string& ca_bundle;

  std::uint64_t sent_bytes = 0;
  std::optional<SteadyTime> request_sent = std::nullopt;  // since when an answer is waited for
  bool answer_begun = false;
  bool head_complete = false;
  HttpAnswer answer = {};
  std::string text = {};
  std::optional<TempFile> spool = std::nullopt;
  Status failure = {};  // of ours, in a callback

  Status take(std::string_view bytes) {
    const std::uint64_t so_far = spool ? spool->size() : text.size();
    if (bytes.size() > call.most_bytes - std::min(call.most_bytes, so_far))
      return Status(Code::too_large, "the store's answer is too large");
    if (!spool && so_far + bytes.size() > CurlTransport::kSpoolBytes) {
      ASSIGN_OR_RETURN(TempFile file, TempFile::create(spool_directory));
      RETURN_IF_ERROR(file.append(text));
      spool.emplace(std::move(file));
      text.clear();
    }
    if (spool) return spool->append(bytes);
    text += bytes;
    return Status();
  }
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size * count);
  exchange.answer_begun = true;
  // An interim answer (1xx) is followed by the real one.
  if (line.starts_with("HTTP/")) {
    exchange.answer.headers.clear();
    exchange.head_complete = false;
  }
  if (line == "\r\n" || line == "\n") exchange.head_complete = true;
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
    exchange.answer.headers.emplace_back(to_lower(line.substr(0, colon)), trim(value));
  }
  return line.size();
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.failure = exchange.take(std::string_view(data, size * count));
  return exchange.failure.ok() ? size * count : 0;
}

std::size_t on_read(char* out, std::size_t size, std::size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const Blob& body = *exchange.call.body;
  const std::size_t part = std::min<std::uint64_t>(size * count, body.size() - exchange.sent_bytes);
  exchange.failure = body.read(exchange.sent_bytes, {out, part});
  if (!exchange.failure.ok()) return CURL_READFUNC_ABORT;
  exchange.sent_bytes += part;
  if (exchange.sent_bytes == body.size()) exchange.request_sent = exchange.clock.now();
  return part;
}

// A kept connection may turn out to be closed when the body is half sent: libcurl starts anew.
int on_seek(void* user, curl_off_t offset, int origin) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  exchange.sent_bytes = static_cast<std::uint64_t>(offset);
  exchange.request_sent.reset();
  return CURL_SEEKFUNC_OK;
}

// Called when the connection stands and the request is about to be sent.
int on_connected(void* user, char*, char*, int, int) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.call.body == nullptr || exchange.call.body->size() == 0)
    exchange.request_sent = exchange.clock.now();
  return CURL_PREREQFUNC_OK;
}

// Bytes that the peer has not acknowledged yet: what is in the kernel's buffer is not sent.
bool has_unsent_bytes(CURL* easy) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  int unsent = 0;
  return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK &&
         socket != CURL_SOCKET_BAD && ::ioctl(socket, SIOCOUTQ, &unsent) == 0 && unsent > 0;
}

}  // namespace

/// The addresses that all handles share: otherwise each would ask the name servers for itself, and
/// fail when they do not answer, though another knows the address. Thread-safe.
class CurlNames {
 public:
  CurlNames() {
    // Counted by libcurl, and safe beside other threads since 7.84.
    THUMBMILL_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    share_ = curl_share_init();
    THUMBMILL_CHECK(share_ != nullptr);
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(share_, CURLSHOPT_LOCKFUNC, &lock);
    curl_share_setopt(share_, CURLSHOPT_UNLOCKFUNC, &unlock);
    curl_share_setopt(share_, CURLSHOPT_USERDATA, this);
  }
  ~CurlNames() {
    curl_share_cleanup(share_);
    curl_global_cleanup();
  }
  CurlNames(const CurlNames&) = delete;
  CurlNames& operator=(const CurlNames&) = delete;

  CURLSH* handle() const { return share_; }

 private:
  static void lock(CURL*, curl_lock_data data, curl_lock_access, void* user) {
    static_cast<CurlNames*>(user)->mutexes_[data].lock();
  }
  static void unlock(CURL*, curl_lock_data data, void* user) {
    static_cast<CurlNames*>(user)->mutexes_[data].unlock();
  }

  CURLSH* share_ = nullptr;
  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;  // by what of the share is used
};

/// One libcurl handle with its own kept connections. One thread at a time.
class CurlConnection {
 public:
  /// `names` outlive it.
  static Result<std::unique_ptr<CurlConnection>> create(const CurlNames& names) {
    auto connection = std::unique_ptr<CurlConnection>(new CurlConnection);
    if (connection->easy_ == nullptr || connection->multi_ == nullptr)
      return Status(Code::exhausted, "out of memory", "libcurl gives no handle");
    connection->set(CURLOPT_SHARE, names.handle());
    return connection;
  }
  ~CurlConnection() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  CurlConnection(const CurlConnection&) = delete;
  CurlConnection& operator=(const CurlConnection&) = delete;

  Result<HttpAnswer> send(Exchange& exchange, const OpContext& context) {
    ASSIGN_OR_RETURN(const HeaderList headers, header_list(exchange.call.headers));
    prepare(exchange, headers.get());
    if (curl_multi_add_handle(multi_, easy_) != CURLM_OK)
      return Status(Code::internal, "the store's request cannot be begun");
    const Result<CURLcode> ended = run(exchange, context);
    curl_multi_remove_handle(multi_, easy_);
    RETURN_IF_ERROR(ended.status());
    RETURN_IF_ERROR(exchange.failure);
    if (ended.value() != CURLE_OK) {
      return Status(Code::unavailable, "the store cannot be reached",
                    fmt::format("{} ({})", cause(ended.value()), static_cast<int>(ended.value())));
    }
    // libcurl takes a head that breaks off for an answer without a body.
    if (!exchange.head_complete) {
      return Status(Code::unavailable, "the store cannot be reached",
                    "the answer's head broke off");
    }
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    exchange.answer.status = static_cast<int>(status);
    exchange.answer.body =
        exchange.spool ? exchange.spool->finish() : Blob(std::move(exchange.text));
    return std::move(exchange.answer);
  }

 private:
  CurlConnection() : easy_(curl_easy_init()), multi_(curl_multi_init()) {}

  template <typename T>
  void set(CURLoption option, T value) {
    // Fails only for options that this libcurl does not have, of which we use none.
    THUMBMILL_CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  }

  // What libcurl says of a proxy repeats its URL, which may hold a password.
  std::string cause(CURLcode code) const {
    const std::string_view said(error_.data());
    if (said.empty()) return curl_easy_strerror(code);
    if (said.find("proxy") == std::string_view::npos) return std::string(said);
    return fmt::format("{}: the proxy that the environment names cannot be used",
                       curl_easy_strerror(code));
  }

  void prepare(Exchange& exchange, curl_slist* headers) {
    const HttpCall& call = exchange.call;
    curl_easy_reset(easy_);  // keeps connections, TLS sessions and the share
    error_.fill('\0');
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    // A look-up that a name server does not answer goes on by itself, instead of being waited for.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_URL, call.url.c_str());
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    if (!exchange.ca_bundle.empty()) set(CURLOPT_CAINFO, exchange.ca_bundle.c_str());
    if (call.direct) set(CURLOPT_NOPROXY, "*");
    set_method(exchange);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.times.connect.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(call.times.stalled_rate_bytes));
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(call.times.stalled.count()));
    if (call.times.whole) set(CURLOPT_TIMEOUT_MS, static_cast<long>(call.times.whole->count()));
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&exchange));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&exchange));
    set(CURLOPT_PREREQFUNCTION, &on_connected);
    set(CURLOPT_PREREQDATA, static_cast<void*>(&exchange));
  }

  void set_method(Exchange& exchange) {
    const HttpCall& call = exchange.call;
    if (call.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
      return;
    }
    if (call.body != nullptr) {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(call.body->size()));
      set(CURLOPT_READFUNCTION, &on_read);
      set(CURLOPT_READDATA, static_cast<void*>(&exchange));
      set(CURLOPT_SEEKFUNCTION, &on_seek);
      set(CURLOPT_SEEKDATA, static_cast<void*>(&exchange));
    }
    set(CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }

  /// Drives the exchange to its end. A failure is ours: stop, deadline, or no answer in time.
  Result<CURLcode> run(Exchange& exchange, const OpContext& context) {
    const std::stop_callback wake(context.stop, [this] { curl_multi_wakeup(multi_); });
    for (int running = 1;;) {
      RETURN_IF_ERROR(context.check(exchange.clock));
      if (curl_multi_perform(multi_, &running) != CURLM_OK)
        return Status(Code::internal, "the store's request failed", "curl_multi_perform");
      if (running == 0) break;
      ASSIGN_OR_RETURN(const milliseconds wait, time_to_wait(exchange, context));
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait.count()), nullptr);
    }
    int left = 0;
    const CURLMsg* message = curl_multi_info_read(multi_, &left);
    THUMBMILL_CHECK(message != nullptr && message->msg == CURLMSG_DONE);
    return message->data.result;
  }

  Result<milliseconds> time_to_wait(Exchange& exchange, const OpContext& context) {
    const SteadyTime now = exchange.clock.now();
    milliseconds wait = kLongestWait;
    if (context.deadline - now < wait)
      wait = std::chrono::ceil<milliseconds>(context.deadline - now);
    if (exchange.request_sent && !exchange.answer_begun) {
      if (has_unsent_bytes(easy_)) exchange.request_sent = now;
      const SteadyTime latest = *exchange.request_sent + exchange.call.times.first_byte;
      if (now >= latest) {
        return Status(
            Code::unavailable, "the store cannot be reached",
            fmt::format("no answer within {} ms", exchange.call.times.first_byte.count()));
      }
      wait = std::min(wait, std::chrono::ceil<milliseconds>(latest - now));
    }
    return std::max(wait, milliseconds(0));
  }

  CURL* const easy_;
  CURLM* const multi_;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

CurlTransport::CurlTransport(const Clock& clock, std::string spool_directory, std::string ca_bundle)
    : clock_(clock),
      spool_directory_(std::move(spool_directory)),
      ca_bundle_(std::move(ca_bundle)),
      names_(std::make_unique<CurlNames>()) {}

CurlTransport::~CurlTransport() = default;

Result<HttpAnswer> CurlTransport::send(const HttpCall& call, const OpContext& context) {
  RETURN_IF_ERROR(context.check(clock_));
  ASSIGN_OR_RETURN(std::unique_ptr<CurlConnection> connection, take_connection());
  Exchange exchange{call, clock_, spool_directory_, ca_bundle_};
  Result<HttpAnswer> answer = connection->send(exchange, context);
  keep(std::move(connection));
  return answer;
}

Result<std::unique_ptr<CurlConnection>> CurlTransport::take_connection() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return CurlConnection::create(*names_);
}

void CurlTransport::keep(std::unique_ptr<CurlConnection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

std::optional<std::string_view> HttpAnswer::header(std::string_view name) const {
  for (const auto& [its_name, value] : headers) {
    if (its_name == name) return value;
  }
  return std::nullopt;
}

std::optional<WallTime> parse_http_time(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace thumbmill::s3
