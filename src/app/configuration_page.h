// docs/configuration.md, made of the option table. A test compares the two.
#pragma once

#include <string>

#include "model/rendition.h"

namespace thumbmill {

/// The whole page in Markdown.
std::string configuration_page();

/// A rendition's options in one line, e.g. "200x200 inside, quality 80".
std::string describe_rendition(const RenditionSpec& spec);

}  // namespace thumbmill
