// Representation: bytes with what HTTP needs to serve them well: conditional requests and ranges
// (RFC 9110, sections 13 and 14). Used for renditions, originals, the page and the description.
#pragma once

#include <optional>
#include <string>

#include "base/blob.h"
#include "base/clock.h"
#include "net/http.h"

namespace thumbmill {

/// What is served. The entity tag is strong: the same tag, the same bytes.
struct Representation {
  Blob body;
  std::string content_type;
  std::string etag;  ///< with its quotes
  std::optional<WallTime> modified;
  HttpFields fields;  ///< further fields: Cache-Control, Content-Disposition, ...
};

/// The answer to a GET or HEAD: 200, 206 (one range), 304, 412 or 416. Several ranges, and ranges
/// in a form not understood, give the whole.
HttpResponse serve(const Representation& representation, const HttpRequest& request);

}  // namespace thumbmill
