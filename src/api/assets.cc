#include "api/assets.h"

#include <map>
#include <memory>

#include <fmt/format.h>

#include "api/representation.h"

namespace thumbmill {
namespace {

// What the page uses, from our own origin, and nothing inline: a script that got into the page
// could not run. Pictures may be previews of what is about to be uploaded (blob:).
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

using AssetTable = std::map<std::string, Representation, std::less<>>;

Representation representation_of(const EmbeddedFile& file) {
  Representation representation{.body = Blob(std::string(file.bytes)),
                                .content_type = std::string(file.content_type),
                                .etag = fmt::format("\"{}\"", file.sha256),
                                .modified = {},
                                .fields = {}};
  // The names stay the same from version to version: ask each time, mostly for a 304.
  representation.fields.add("Cache-Control", "no-cache");
  representation.fields.add("Content-Security-Policy", std::string(kPagePolicy));
  return representation;
}

Result<HttpResponse> show_asset(const AssetTable& table, std::string_view name,
                                const HttpRequest& request) {
  const auto asset = table.find(name);
  if (asset == table.end()) return Status(Code::not_found, "there is no such file");
  return serve(asset->second, request);
}

}  // namespace

std::vector<Route> asset_routes(std::span<const EmbeddedFile> page,
                                std::span<const EmbeddedFile> description) {
  static constexpr std::string_view kIndex = "index.html";
  AssetTable table;
  for (const EmbeddedFile& file : page) table.emplace(file.name, representation_of(file));
  AssetTable index;
  if (auto found = table.extract(std::string(kIndex))) index.insert(std::move(found));
  AssetTable described;
  for (const EmbeddedFile& file : description) {
    described.emplace(file.name, representation_of(file));
  }
  return {
      {"GET", "/", AnswerNow([index](const Call& call, const OpContext&) {
         return show_asset(index, kIndex, *call.request);
       }),
       true},
      {"GET", "/assets/{name}", AnswerNow([table](const Call& call, const OpContext&) {
         return show_asset(table, call.capture("name"), *call.request);
       }),
       true},
      {"GET", "/openapi.json", AnswerNow([described](const Call& call, const OpContext&) {
         return show_asset(described, "openapi.json", *call.request);
       }),
       true},
  };
}

}  // namespace thumbmill
