#include "queue/celery/celery_body.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <zlib.h>

#include "model/json.h"
#include "queue/celery/msgpack.h"

namespace thumbmill {
namespace {

constexpr std::size_t kMostBodyBytes = 1 << 20;

Status broken(std::string_view what) {
  return Status(Code::corrupt_input, fmt::format("no Celery message: its body is {}", what));
}

// RFC 4648, section 4; nothing when it is not that.
std::optional<std::string> base64_decode(std::string_view text) {
  std::string decoded;
  std::uint32_t bits = 0;
  int count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded.push_back(static_cast<char>(bits >> count & 0xff));
  }
  return decoded;
}

// zlib's format, or gzip's; nothing when it is neither, or more than kMostBodyBytes.
std::optional<std::string> inflated(std::string_view compressed) {
  z_stream stream{};
  constexpr int kEitherFormat = 32;
  if (::inflateInit2(&stream, MAX_WBITS + kEitherFormat) != Z_OK) return std::nullopt;
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, ::inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string plain;
  std::array<char, 16 * 1024> chunk;
  int done = Z_OK;
  while (done == Z_OK && plain.size() <= kMostBodyBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    done = ::inflate(&stream, Z_NO_FLUSH);
    plain.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  if (done != Z_STREAM_END || plain.size() > kMostBodyBytes) return std::nullopt;
  return plain;
}

// By kombu's names and their aliases: kombu.compression. What it calls gzip is zlib.
bool is_zlib(std::string_view compression) {
  return compression == "application/x-gzip" || compression == "gzip" || compression == "zlib";
}

// In kombu's words.
struct Encoding {
  std::string content_type;   // of the serializer: "application/json", "application/x-msgpack"
  std::string compression;    // "application/x-gzip", which is zlib; empty: none
  std::string body_encoding;  // "base64", or empty
};

Encoding encoding_of(const boost::json::object& envelope) {
  const auto text = [](const boost::json::object* object, std::string_view name) {
    return object == nullptr ? std::string() : json::get_string(*object, name).value_or("");
  };
  const auto part = [&](std::string_view name) {
    const boost::json::value* value = envelope.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
  };
  return {text(&envelope, "content-type"), text(part("headers"), "compression"),
          text(part("properties"), "body_encoding")};
}

Result<boost::json::value> decode(std::string_view body, const Encoding& encoding) {
  const bool is_json = encoding.content_type == "application/json";
  if (!is_json && encoding.content_type != "application/x-msgpack") {
    return Status(Code::unsupported,
                  fmt::format("a Celery message with content type \"{}\": task_serializer must be "
                              "json or msgpack",
                              encoding.content_type));
  }
  if (!encoding.compression.empty() && !is_zlib(encoding.compression)) {
    return Status(Code::unsupported,
                  fmt::format("a Celery message with compression \"{}\": task_compression must be "
                              "gzip or none",
                              encoding.compression));
  }
  std::optional<std::string> plain(body);
  if (encoding.body_encoding == "base64") plain = base64_decode(body);
  if (!plain) return broken("not base64");
  if (!encoding.compression.empty()) plain = inflated(*plain);
  if (!plain) return broken("not zlib's, or over 1 MiB");
  if (!is_json) {
    std::optional<boost::json::value> value = parse_msgpack(*plain);
    if (!value) return broken("not msgpack, or with types that JSON has not");
    return *std::move(value);
  }
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(*plain, error);
  if (error) return broken("not JSON, or nested too deeply");
  return value;
}

}  // namespace

Result<boost::json::value> decode_celery_body(const boost::json::object& envelope) {
  const auto body = json::get_string(envelope, "body");
  if (!body) return broken("not a text");
  return decode(*body, encoding_of(envelope));
}

}  // namespace thumbmill
