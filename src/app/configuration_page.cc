#include "app/configuration_page.h"

#include <fmt/format.h>

#include "app/option_table.h"
#include "model/image_format.h"

namespace thumbmill {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

Every setting is a flag, an environment variable and a key of a TOML file; a flag wins over the
environment, the environment over the file, the file over the default. The file is named by
`--config FILE` or `THUMBMILL_CONFIG`. `thumbmill config` prints the effective settings and where each
comes from. A value that is not allowed, or a key that does not exist, stops the start and is named.

Sizes take `KiB`, `MiB`, `GiB` (or `KB`, `MB`, `GB`), durations `ms`, `s`, `m`, `h`, `d`.

This page is printed by `thumbmill config --markdown`.
)";

constexpr std::string_view kRenditions = R"(
## Named renditions

Only in the file. An upload asks for them by name (`renditions=small,card`); `default-renditions` says
which are made when it asks for nothing. `thumb` (200x200, inside, quality 80) is always there and may be
described anew.

```toml
default-renditions = ["thumb", "card"]

[renditions.card]
size = "640x480"        # WxH, Wx, xH or one number
fit = "cover"           # inside, cover, contain, fill
format = "webp"         # {}; left out: JPEG, or PNG when there is transparency
quality = 75            # 1 to 100
background = "#ffffff"  # flattens transparency, pads contain
enlarge = false         # whether a small image is scaled up
```
)";

}  // namespace

std::string describe_rendition(const RenditionSpec& spec) {
  std::string text = fmt::format(
      "{}x{} {}, quality {}", spec.width_px == 0 ? "" : std::to_string(spec.width_px),
      spec.height_px == 0 ? "" : std::to_string(spec.height_px), fit_name(spec.fit), spec.quality);
  if (spec.format) text += fmt::format(", {}", image_format_info(*spec.format).name);
  if (spec.background) text += fmt::format(", on {}", color_to_string(*spec.background));
  if (spec.enlarge) text += ", enlarged";
  return text;
}

std::string configuration_page() {
  std::string page(kIntroduction);
  std::string group;
  for (const Option& option : option_table()) {
    if (option.group != group) {
      group = option.group;
      page += fmt::format(
          "\n## {}\n\n| flag and key | environment | default | allowed | "
          "|\n|---|---|---|---|---|\n",
          group);
    }
    page += fmt::format("| `{}` | `{}` | {} | {} | {} |\n", option.name, option.environment_name(),
                        option.default_value.empty() ? "" : "`" + option.default_value + "`",
                        option.allowed, option.help);
  }
  page += fmt::format(kRenditions, encodable_formats());
  return page;
}

}  // namespace thumbmill
