// What S3 and STS say in XML. Its source is the only file that knows pugixml. Internal to store/s3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "store/object_store.h"
#include "store/s3/sigv4.h"

namespace thumbmill::s3 {

/// An <Error> document: of a failed request, or of a successful one that failed after all.
struct ErrorDocument {
  std::string code;
  std::string message;
};

/// The error in `text`, or nothing when it is no error document.
std::optional<ErrorDocument> parse_error(std::string_view text);

/// Whether `text` is a whole XML document.
bool is_whole_document(std::string_view text);

/// One page of ListObjectsV2, keys as the server has them (with the bucket's prefix).
struct ListPage {
  std::string bucket;  ///< as the server calls it; empty when it does not say
  std::vector<ListedObject> objects;
  std::string next_token;  ///< empty: this was the last page
};

/// unavailable when `text` is no such page.
Result<ListPage> parse_list_page(std::string_view text);

/// The credentials in an AssumeRoleWithWebIdentityResponse. unavailable when there are none.
Result<Credentials> parse_assumed_role(std::string_view text);

/// "2026-01-31T09:05:07Z", with or without a fraction; nothing for any other text.
std::optional<WallTime> parse_utc_time(std::string_view text);

}  // namespace thumbmill::s3
