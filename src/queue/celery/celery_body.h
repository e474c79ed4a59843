// The body of a message as kombu's producers send it: serialized, perhaps compressed, perhaps in
// base64. Pure. Used by celery_message.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/status.h"

namespace thumbmill {

/// What a message says of its body, in kombu's words. Value.
struct CeleryEncoding {
  std::string content_type;   ///< of the serializer: "application/json", "application/x-msgpack"
  std::string compression;    ///< "application/x-gzip", which is zlib; empty: none
  std::string body_encoding;  ///< "base64", or empty
};

/// The value that a body is. unsupported, which says what to set in the application: another
/// serializer or compression. corrupt_input: it is not what `encoding` says, or over 1 MiB when
/// it is decompressed.
Result<boost::json::value> decode_celery_body(std::string_view body,
                                              const CeleryEncoding& encoding);

}  // namespace thumbmill
