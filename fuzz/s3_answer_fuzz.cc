// What a store's server, or a credential endpoint, answers: an input is a body, read as every kind
// of document, and as header lines.
#include <string>

#include "base/percent.h"
#include "base/status.h"
#include "fuzz_target.h"
#include "store/s3/credential_endpoint.h"
#include "store/s3/object_headers.h"
#include "store/s3/percent.h"
#include "store/s3/s3_xml.h"

using namespace thumbmill;

namespace {

s3::HttpAnswer as_headers(std::string_view text) {
  s3::HttpAnswer answer{.status = 200, .headers = {}, .body = {}};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return answer;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz_text(data, size);
  if (s3::parse_error(text)) THUMBMILL_CHECK(s3::is_whole_document(text));
  if (const auto page = s3::parse_list_page(text); page.ok()) {
    for (const ListedObject& object : page->objects) THUMBMILL_CHECK(!object.key.empty());
  }
  for (const auto& credentials :
       {s3::parse_assumed_role(text), s3::parse_credentials_json(text, "fuzzer")}) {
    if (credentials.ok()) THUMBMILL_CHECK(!credentials->secret_access_key.empty());
  }
  if (const auto decoded = percent_decode(text))
    THUMBMILL_CHECK(percent_decode(s3::percent_encode(*decoded)) == decoded);
  if (const auto info = s3::object_info("key", as_headers(text)); info.ok()) {
    // What was read can be put again, as long as it is what a put takes.
    const PutOptions again{.content_type = info->content_type, .metadata = info->metadata};
    if (!again.check().ok()) return 0;
    auto headers = s3::object_headers(again);
    if (!headers.ok()) return 0;
    headers->emplace_back("content-length", std::to_string(info->size_bytes));
    headers->emplace_back("last-modified", "Wed, 28 Oct 2009 22:32:00 GMT");
    const auto read = s3::object_info("key", {.status = 200, .headers = *headers, .body = {}});
    THUMBMILL_CHECK(read.ok() && read->metadata == info->metadata);
  }
  return 0;
}
