// Who may do what: the scopes that an API key can have, and the one table that says which of them
// each route needs. It knows no keys and no requests; api/guard.h applies it.
#pragma once

#include <optional>
#include <string_view>

namespace thumbmill {

/// What a key is for. docs/api.md says the same to users.
enum class Scope {
  open,    ///< needs no key: the page, its files, the description
  read,    ///< images, renditions and events of an id that is known
  upload,  ///< uploads, and all that `read` may
  queue,   ///< the figures of the queue: what an autoscaler reads
  admin,   ///< everything
};

/// "read", as in the keys file.
std::string_view scope_name(Scope scope);

/// A scope that a key can have, by its name: any but `open`.
std::optional<Scope> scope_from_name(std::string_view name);

/// The names of all scopes that a key can have, for messages.
inline constexpr std::string_view kScopeNames = "read, upload, queue, admin";

/// Whether a key with the scope `held` may do what needs `needed`.
bool covers(Scope held, Scope needed);

/// What a route needs. Nothing for a route that the table does not know, which is to be treated as
/// `admin`: a new route is closed until somebody says otherwise.
std::optional<Scope> scope_of_route(std::string_view method, std::string_view pattern);

/// Whether a signature in the URL does in place of a key (api/signed_url.h).
bool takes_signature(std::string_view pattern);

}  // namespace thumbmill
