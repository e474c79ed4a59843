#include "redis/tls.h"

#ifdef THUMBMILL_REDIS_TLS

#include <memory>

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace thumbmill {
namespace {

Status tls_failure(const RedisAddress& address, std::string why) {
  return Status(Code::unavailable, "cannot begin TLS with Redis at " + address.to_string(),
                std::move(why));
}

std::string openssl_error() {
  char text[256] = "";
  ::ERR_error_string_n(::ERR_get_error(), text, sizeof text);
  return text;
}

bool is_ip_address(const std::string& host) {
  const std::unique_ptr<ASN1_OCTET_STRING, void (*)(ASN1_OCTET_STRING*)> parsed(
      ::a2i_IPADDRESS(host.c_str()), ::ASN1_OCTET_STRING_free);
  return parsed != nullptr;
}

}  // namespace

bool redis_has_tls() { return true; }

// The session is made here and not by hiredis, which does not compare the certificate's name with
// the host's.
Status begin_tls(redisContext& context, const RedisAddress& address, const RedisOptions& options) {
  ::ERR_clear_error();
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> settings(::SSL_CTX_new(::TLS_client_method()),
                                                              ::SSL_CTX_free);
  if (!settings) return tls_failure(address, openssl_error());
  ::SSL_CTX_set_min_proto_version(settings.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_verify(settings.get(), SSL_VERIFY_PEER, nullptr);
  const int trusted =
      options.ca_file.empty()
          ? ::SSL_CTX_set_default_verify_paths(settings.get())
          : ::SSL_CTX_load_verify_locations(settings.get(), options.ca_file.c_str(), nullptr);
  if (trusted != 1) return tls_failure(address, openssl_error());
  std::unique_ptr<SSL, void (*)(SSL*)> session(::SSL_new(settings.get()), ::SSL_free);
  if (!session) return tls_failure(address, openssl_error());
  const bool by_address = is_ip_address(address.host);
  const int named = by_address ? ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session.get()),
                                                                 address.host.c_str())
                               : ::SSL_set1_host(session.get(), address.host.c_str());
  if (named != 1) return tls_failure(address, openssl_error());
  // What the macro SSL_set_tlsext_host_name does, without its cast.
  if (!by_address &&
      ::SSL_ctrl(session.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(address.host.c_str())) != 1) {
    return tls_failure(address, openssl_error());
  }
  // hiredis owns the session once it has begun it, and only then.
  if (::redisInitiateSSL(&context, session.get()) != REDIS_OK) {
    return tls_failure(address, context.errstr);
  }
  session.release();
  return Status();
}

}  // namespace thumbmill

#else

namespace thumbmill {

bool redis_has_tls() { return false; }

Status begin_tls(redisContext&, const RedisAddress& address, const RedisOptions&) {
  return Status(Code::unavailable, "this program was built without TLS for Redis; cannot reach " +
                                       address.to_string());
}

}  // namespace thumbmill

#endif
