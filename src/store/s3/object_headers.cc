#include "store/s3/object_headers.h"

#include <charconv>

#include <fmt/format.h>

#include "base/percent.h"

namespace thumbmill::s3 {
namespace {

constexpr std::string_view kMetadataPrefix = "x-amz-meta-";
// What S3 itself says of an object that was put without a type.
constexpr std::string_view kNoType = "binary/octet-stream";

// HTTP trims values, signatures fold runs of spaces, and servers drop empty ones.
bool survives(std::string_view value) {
  return !value.empty() && value.front() != ' ' && value.back() != ' ' && value.front() != '%' &&
         value.find("  ") == std::string_view::npos;
}

// '%' in front marks an escaped value, in which spaces and '%' are percent-encoded.
std::string encode_value(std::string_view value) {
  if (survives(value)) return std::string(value);
  std::string encoded = "%";
  for (const char c : value) {
    if (c == ' ') {
      encoded += "%20";
    } else if (c == '%') {
      encoded += "%25";
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string decode_value(std::string_view value) {
  if (!value.starts_with('%')) return std::string(value);
  // Whoever else put it may have meant its '%' as it stands.
  return percent_decode(value.substr(1)).value_or(std::string(value));
}

}  // namespace

Result<Parameters> object_headers(const PutOptions& options) {
  Parameters headers{
      {"content-type", options.content_type.empty() ? std::string(kNoType) : options.content_type}};
  std::size_t size = 0;
  for (const auto& [name, value] : options.metadata) {
    headers.emplace_back(std::string(kMetadataPrefix) + name, encode_value(value));
    size += name.size() + headers.back().second.size();
  }
  if (size > kMaxMetadataBytes) {
    return Status(Code::invalid_argument, fmt::format("metadata takes {} bytes in S3; allowed: {}",
                                                      size, kMaxMetadataBytes));
  }
  return headers;
}

Result<ObjectInfo> object_info(std::string_view key, const HttpAnswer& answer) {
  ObjectInfo info;
  info.key = key;
  const std::string_view length = answer.header("content-length").value_or("");
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), info.size_bytes);
  const auto modified = parse_http_time(std::string(answer.header("last-modified").value_or("")));
  if (error != std::errc() || end != length.data() + length.size() || !modified) {
    return Status(Code::unavailable, "the store's answer cannot be read",
                  fmt::format("{}: no Content-Length or no Last-Modified", key));
  }
  info.modified = *modified;
  const std::string_view type = answer.header("content-type").value_or(kNoType);
  if (type != kNoType) info.content_type = type;
  for (const auto& [name, value] : answer.headers) {
    if (!name.starts_with(kMetadataPrefix) || name == kPutTokenHeader) continue;
    info.metadata.insert_or_assign(name.substr(kMetadataPrefix.size()), decode_value(value));
  }
  return info;
}

}  // namespace thumbmill::s3
