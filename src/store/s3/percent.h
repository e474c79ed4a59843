// Percent-encoding as SigV4 wants it: everything but the unreserved characters of RFC 3986, in
// upper-case hexadecimal. Internal to store/s3.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thumbmill::s3 {

/// Names and values in order: header fields, or the parameters of a query.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// `text` as a name or value of a query: every reserved byte is encoded, '/' too.
std::string percent_encode(std::string_view text);

/// `text` as a path: '/' stays.
std::string percent_encode_path(std::string_view text);

/// "a=1&b=2", encoded, in the order given.
std::string encode_query(const Parameters& query);

}  // namespace thumbmill::s3
