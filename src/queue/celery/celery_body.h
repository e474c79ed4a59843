// The body of a message as kombu's producers send it: serialized, perhaps compressed, perhaps in
// base64. Pure. Used by celery_message.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/status.h"

namespace thumbmill {

/// The value that the body of `envelope`, a whole message, is. unsupported, which says what to set
/// in the application: another serializer or compression. corrupt_input: there is no body, it is
/// not what the message says, or over 1 MiB when it is decompressed.
Result<boost::json::value> decode_celery_body(const boost::json::object& envelope);

}  // namespace thumbmill
