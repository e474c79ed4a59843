#include "api/access.h"

#include <algorithm>
#include <array>

namespace thumbmill {
namespace {

struct Row {
  std::string_view method;
  std::string_view pattern;
  Scope scope;
  bool by_signature = false;
};

constexpr std::array kRows{
    Row{"GET", "/", Scope::open},
    Row{"GET", "/assets/{name}", Scope::open},
    Row{"GET", "/openapi.json", Scope::open},
    Row{"POST", "/upload", Scope::upload},
    Row{"POST", "/v1/images", Scope::upload},
    Row{"POST", "/v1/uploads", Scope::upload},
    Row{"POST", "/v1/uploads/{id}/complete", Scope::upload},
    Row{"GET", "/v1/images/{id}", Scope::read},
    Row{"GET", "/v1/images/{id}/events", Scope::read},
    Row{"GET", "/v1/images/{id}/original", Scope::read, true},
    Row{"GET", "/v1/images/{id}/{rendition}", Scope::read, true},
    Row{"GET", "/v1/queue", Scope::queue},
    Row{"GET", "/v1/images", Scope::admin},
    Row{"DELETE", "/v1/images/{id}", Scope::admin},
    Row{"GET", "/v1/events", Scope::admin},
    Row{"GET", "/v1/dead", Scope::admin},
    Row{"DELETE", "/v1/dead", Scope::admin},
    Row{"POST", "/v1/dead/retry", Scope::admin},
    Row{"POST", "/v1/dead/{id}/retry", Scope::admin},
    Row{"DELETE", "/v1/dead/{id}", Scope::admin},
};

constexpr std::array<std::pair<std::string_view, Scope>, 4> kNames{{{"read", Scope::read},
                                                                    {"upload", Scope::upload},
                                                                    {"queue", Scope::queue},
                                                                    {"admin", Scope::admin}}};

}  // namespace

std::string_view scope_name(Scope scope) {
  const auto* found =
      std::ranges::find(kNames, scope, [](const auto& name) { return name.second; });
  return found == kNames.end() ? "open" : found->first;
}

std::optional<Scope> scope_from_name(std::string_view name) {
  const auto* found = std::ranges::find(kNames, name, [](const auto& row) { return row.first; });
  if (found == kNames.end()) return std::nullopt;
  return found->second;
}

bool covers(Scope held, Scope needed) {
  return held == needed || held == Scope::admin || needed == Scope::open ||
         (held == Scope::upload && needed == Scope::read);
}

std::optional<Scope> scope_of_route(std::string_view method, std::string_view pattern) {
  for (const Row& row : kRows) {
    if (row.method == method && row.pattern == pattern) return row.scope;
  }
  return std::nullopt;
}

bool takes_signature(std::string_view pattern) {
  return std::ranges::any_of(
      kRows, [&](const Row& row) { return row.by_signature && row.pattern == pattern; });
}

}  // namespace thumbmill
