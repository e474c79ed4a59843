#include "image/vips/library_log.h"

#include <cstdio>
#include <cstring>
#include <string_view>

#include <glib.h>

namespace thumbmill {
namespace {

std::string_view text_of(const GLogField& field) {
  const auto* text = static_cast<const char*>(field.value);
  return {text, field.length < 0 ? std::strlen(text) : static_cast<std::size_t>(field.length)};
}

GLogWriterOutput write_grave(GLogLevelFlags level, const GLogField* fields, gsize count, gpointer) {
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL)) == 0) {
    return G_LOG_WRITER_HANDLED;
  }
  for (gsize i = 0; i < count; ++i) {
    if (std::string_view(fields[i].key) != "MESSAGE") continue;
    const std::string_view text = text_of(fields[i]);
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fputc('\n', stderr);
  }
  return G_LOG_WRITER_HANDLED;
}

}  // namespace

void write_only_grave_library_messages() {
  // Not the handler of old messages, which structured ones pass by. May be set once only.
  [[maybe_unused]] static const bool set =
      (g_log_set_writer_func(write_grave, nullptr, nullptr), true);
}

}  // namespace thumbmill
