// Assets: the web page, its files, and the API's description, from the binary itself.
#pragma once

#include <span>
#include <vector>

#include "api/embedded_files.h"
#include "api/router.h"

namespace thumbmill {

/// GET / (index.html), GET /assets/{name} (the page's other files), GET /openapi.json. The spans'
/// contents live as long as the program.
std::vector<Route> asset_routes(std::span<const EmbeddedFile> page,
                                std::span<const EmbeddedFile> description);

}  // namespace thumbmill
