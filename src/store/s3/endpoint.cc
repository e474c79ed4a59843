#include "store/s3/endpoint.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"

namespace thumbmill::s3 {
namespace {

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool inside_address = host.ends_with(']');
  return colon == std::string_view::npos || inside_address ? host : host.substr(0, colon);
}

bool has_good_port(std::string_view host) {
  const std::string_view port = host.substr(without_port(host).size());
  return port.find_first_not_of(":0123456789") == std::string_view::npos;
}

bool is_address(std::string_view host) {
  return host.starts_with('[') || host == "localhost" ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Clients leave a scheme's own port out of the Host header, and so must the signature.
std::string_view without_default_port(std::string_view scheme, std::string_view host) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  return host.ends_with(port) ? host.substr(0, host.size() - port.size()) : host;
}

}  // namespace

Result<Endpoint> Endpoint::make(const std::string& url, const std::string& region,
                                const std::string& bucket, bool path_style) {
  if (url.empty() && region.empty()) {
    return Status(Code::invalid_argument,
                  "the S3 region is not known: set it, or AWS_REGION, or an endpoint");
  }
  const std::string whole = url.empty() ? fmt::format("https://s3.{}.amazonaws.com{}", region,
                                                      region.starts_with("cn-") ? ".cn" : "")
                                        : url;
  const std::size_t scheme_end = std::min(whole.find("://"), whole.size());
  const std::string scheme = to_lower(std::string_view(whole).substr(0, scheme_end));
  std::string_view rest = std::string_view(whole).substr(std::min(scheme_end + 3, whole.size()));
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string host = to_lower(without_default_port(scheme, rest.substr(0, slash)));
  std::string base(rest.substr(slash));
  constexpr std::string_view kHostCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
  if ((scheme != "http" && scheme != "https") || without_port(host).empty() ||
      host.find_first_not_of(kHostCharacters) != std::string::npos || !has_good_port(host) ||
      base.find_first_of("?#%@ ") != std::string::npos) {
    // Without its text: people write passwords into URLs.
    return Status(Code::invalid_argument,
                  "the S3 endpoint is not as it should be; allowed: http(s)://HOST[:PORT][/PATH], "
                  "without user and password");
  }
  const bool dotted = bucket.find('.') != std::string::npos && scheme == "https";
  if (path_style || dotted || is_address(without_port(host))) {
    base += "/" + bucket;
  } else {
    host = bucket + "." + host;
  }
  return Endpoint(scheme, std::move(host), std::move(base));
}

std::string Endpoint::path(std::string_view key) const {
  return base_ + (base_.empty() || !key.empty() ? "/" : "") + percent_encode_path(key);
}

std::string Endpoint::url(std::string_view path, const Parameters& query) const {
  std::string text = fmt::format("{}://{}{}", scheme_, host_, path);
  if (!query.empty()) text += "?" + encode_query(query);
  return text;
}

}  // namespace thumbmill::s3
