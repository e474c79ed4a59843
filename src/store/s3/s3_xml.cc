#include "store/s3/s3_xml.h"

#include <charconv>

#include <pugixml.hpp>

#include "base/percent.h"
#include "store/s3/percent.h"

namespace thumbmill::s3 {
namespace {

bool parse(pugi::xml_document& document, std::string_view text) {
  return bool{document.load_buffer(text.data(), text.size())};
}

Status no_such_answer(std::string_view what, std::string_view text) {
  return Status(Code::unavailable, "the store's answer cannot be read",
                std::string(what) + " expected, not: " + std::string(text.substr(0, 200)));
}

// Two or four digits at a place of a time.
std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
  const std::string_view part = text.substr(from, count);
  int value = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
  if (error != std::errc() || end != part.data() + part.size() || part.front() == '-')
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<ErrorDocument> parse_error(std::string_view text) {
  pugi::xml_document document;
  if (!parse(document, text)) return std::nullopt;
  pugi::xml_node error = document.child("Error");
  if (!error) error = document.child("ErrorResponse").child("Error");  // of STS
  if (!error) return std::nullopt;
  return ErrorDocument{error.child_value("Code"), error.child_value("Message")};
}

bool is_whole_document(std::string_view text) {
  pugi::xml_document document;
  return parse(document, text);
}

Result<ListPage> parse_list_page(std::string_view text) {
  pugi::xml_document document;
  if (!parse(document, text) || !document.child("ListBucketResult"))
    return no_such_answer("a ListBucketResult", text);
  const pugi::xml_node result = document.child("ListBucketResult");
  const bool encoded = std::string_view(result.child_value("EncodingType")) == "url";
  ListPage page;
  page.bucket = result.child_value("Name");
  for (const pugi::xml_node entry : result.children("Contents")) {
    std::optional<std::string> key = std::string(entry.child_value("Key"));
    if (encoded) key = percent_decode(*key);
    const std::optional<WallTime> modified = parse_utc_time(entry.child_value("LastModified"));
    if (!key || key->empty() || !modified) return no_such_answer("a key with its time", text);
    page.objects.push_back({std::move(*key), *modified});
  }
  if (result.child("IsTruncated").text().as_bool()) {
    page.next_token = result.child_value("NextContinuationToken");
    if (page.next_token.empty()) return no_such_answer("a NextContinuationToken", text);
  }
  return page;
}

Result<Credentials> parse_assumed_role(std::string_view text) {
  pugi::xml_document document;
  if (!parse(document, text)) return no_such_answer("an assumed role", "text that is no XML");
  const pugi::xml_node node = document.child("AssumeRoleWithWebIdentityResponse")
                                  .child("AssumeRoleWithWebIdentityResult")
                                  .child("Credentials");
  const Credentials credentials{
      node.child_value("AccessKeyId"), node.child_value("SecretAccessKey"),
      node.child_value("SessionToken"), parse_utc_time(node.child_value("Expiration"))};
  // The text is not shown: it may hold secrets.
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() ||
      !credentials.expires) {
    return no_such_answer("an assumed role", "XML without credentials");
  }
  return credentials;
}

std::optional<WallTime> parse_utc_time(std::string_view text) {
  // YYYY-MM-DDTHH:MM:SS[.fraction]Z
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || text.back() != 'Z') {
    return std::nullopt;
  }
  const auto year = digits(text, 0, 4);
  const auto month = digits(text, 5, 2);
  const auto day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2);
  const auto minute = digits(text, 14, 2);
  const auto second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::chrono::milliseconds fraction{0};
  if (text.size() >= 24 && text[19] == '.') {
    const auto thousandths = digits(text, 20, 3);
    if (!thousandths) return std::nullopt;
    fraction = std::chrono::milliseconds(*thousandths);
  }
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) + fraction;
}

}  // namespace thumbmill::s3
