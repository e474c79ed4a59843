// How content type and metadata travel as HTTP headers, and come back as they were put. Internal to
// store/s3; docs/s3.md describes the form.
#pragma once

#include <string_view>

#include "base/status.h"
#include "store/object_store.h"
#include "store/s3/http_transport.h"

namespace thumbmill::s3 {

/// Metadata that names the put itself: what tells our own object from another's when a conditional
/// put has been repeated. Not part of an object's metadata as the port gives it.
inline constexpr std::string_view kPutTokenHeader = "x-amz-meta-thumbmill-put";

/// content-type and x-amz-meta-*. invalid_argument when the metadata, encoded, is over S3's limit.
Result<Parameters> object_headers(const PutOptions& options);

/// What an answer to GET or HEAD says of the object. unavailable when headers are missing.
Result<ObjectInfo> object_info(std::string_view key, const HttpAnswer& answer);

}  // namespace thumbmill::s3
