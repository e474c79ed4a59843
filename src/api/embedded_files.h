// Files that are part of the binary: the web page (ui/) and the API's description. The tables are
// written by cmake/EmbedFiles.cmake when the program is built.
#pragma once

#include <span>
#include <string_view>

namespace thumbmill {

/// One file, as it was when the program was built.
struct EmbeddedFile {
  std::string_view name;  ///< without a directory: "app.js"
  std::string_view content_type;
  std::string_view bytes;
  std::string_view sha256;  ///< hexadecimal
};

/// The files of ui/, by name; may be empty.
std::span<const EmbeddedFile> page_files();

/// openapi.json, alone.
std::span<const EmbeddedFile> description_files();

}  // namespace thumbmill
