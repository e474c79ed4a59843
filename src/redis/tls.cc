#include "redis/tls.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace thumbmill {
namespace {

std::string openssl_error() {
  char text[256] = "";
  ::ERR_error_string_n(::ERR_get_error(), text, sizeof text);
  return text;
}

Status cannot_begin(const RedisAddress& address) {
  return Status(Code::unavailable, "cannot begin TLS with Redis at " + address.to_string(),
                openssl_error());
}

bool is_ip_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> parsed(
      ::a2i_IPADDRESS(host.c_str()), ::ASN1_OCTET_STRING_free);
  return parsed != nullptr;
}

// Whom the session is to trust: the host that the certificate must name.
bool expect_host(SSL* session, const std::string& host) {
  if (is_ip_address(host)) {
    return ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session), host.c_str()) == 1;
  }
  // What the macro SSL_set_tlsext_host_name does, without its cast.
  return ::SSL_set1_host(session, host.c_str()) == 1 &&
         ::SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
}

}  // namespace

void RedisTls::Free::operator()(ssl_st* session) const { ::SSL_free(session); }

RedisTls::RedisTls(Session session, RedisAddress address)
    : session_(std::move(session)), address_(std::move(address)) {}
RedisTls::~RedisTls() = default;

Result<std::unique_ptr<RedisTls>> RedisTls::begin(int socket, const RedisAddress& address,
                                                  const RedisOptions& options) {
  ::ERR_clear_error();
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> settings(::SSL_CTX_new(::TLS_client_method()),
                                                              ::SSL_CTX_free);
  if (!settings) return cannot_begin(address);
  ::SSL_CTX_set_min_proto_version(settings.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(settings.get(), SSL_VERIFY_PEER, nullptr);
  const int trusted =
      options.ca_file.empty()
          ? ::SSL_CTX_set_default_verify_paths(settings.get())
          : ::SSL_CTX_load_verify_locations(settings.get(), options.ca_file.c_str(), nullptr);
  if (trusted != 1) return cannot_begin(address);
  Session session(::SSL_new(settings.get()));
  if (!session || !expect_host(session.get(), address.host) ||
      ::SSL_set_fd(session.get(), socket) != 1) {
    return cannot_begin(address);
  }
  std::unique_ptr<RedisTls> tls(new RedisTls(std::move(session), address));
  errno = 0;
  const int connected = ::SSL_connect(tls->session_.get());
  if (connected != 1) return tls->failure("cannot begin TLS with Redis", connected);
  return tls;
}

bool RedisTls::is_spoken(int socket) {
  ::ERR_clear_error();
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> settings(::SSL_CTX_new(::TLS_client_method()),
                                                              ::SSL_CTX_free);
  const Session session(settings ? ::SSL_new(settings.get()) : nullptr);
  if (!session || ::SSL_set_fd(session.get(), socket) != 1) return false;
  if (::SSL_connect(session.get()) == 1) return true;
  // It may have shown its certificate and then missed ours.
  const std::unique_ptr<X509, void (*)(X509*)> shown(::SSL_get_peer_certificate(session.get()),
                                                     ::X509_free);
  return shown != nullptr;
}

Status RedisTls::write(std::string_view bytes) {
  std::size_t written = 0;
  ::ERR_clear_error();
  errno = 0;
  // All of it or a failure: partial writes are off by default.
  const int done = ::SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written);
  return done == 1 ? Status() : failure("cannot send to Redis", done);
}

Result<std::size_t> RedisTls::read(std::span<char> into) {
  std::size_t count = 0;
  ::ERR_clear_error();
  errno = 0;
  const int done = ::SSL_read_ex(session_.get(), into.data(), into.size(), &count);
  if (done != 1) return failure("cannot read from Redis", done);
  return count;
}

Status RedisTls::failure(std::string_view doing, int returned) const {
  const int system_error = errno;
  std::string why;
  switch (::SSL_get_error(session_.get(), returned)) {
    case SSL_ERROR_WANT_READ:  // the socket's time-out has passed
    case SSL_ERROR_WANT_WRITE:
      why = "no answer in time";
      break;
    case SSL_ERROR_ZERO_RETURN:
      why = "Server closed the connection";
      break;
    case SSL_ERROR_SYSCALL:
      why = system_error == 0 ? "Server closed the connection" : std::strerror(system_error);
      break;
    default:
      why = openssl_error();
  }
  const long verdict = ::SSL_get_verify_result(session_.get());
  if (verdict != X509_V_OK) why += fmt::format(": {}", ::X509_verify_cert_error_string(verdict));
  return Status(Code::unavailable, fmt::format("{} at {}", doing, address_.to_string()),
                std::move(why));
}

}  // namespace thumbmill
