#include "image/pnm/header.h"

#include <algorithm>
#include <limits>

#include "image/byte_order.h"

namespace thumbmill::pnm {
namespace {

Status corrupt() {
  return Status(Code::corrupt_input, "the image cannot be decoded", "a PNM's header");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_complete(const Header& header) {
  return header.size.width > 0 && header.size.height > 0 && header.max_value > 0 &&
         header.max_value <= 65535;
}

// P1 to P6: numbers between white space and comments, and one white space behind the last one.
Result<Header> read_numbered(std::string_view file) {
  const int kind = file[1] - '0';
  Header header;
  header.data = file.substr(2);
  header.stored = header.used = kind % 3 == 0 ? 3 : 1;
  header.storage = kind == 1   ? Storage::text_bits
                   : kind == 4 ? Storage::packed_bits
                   : kind < 4  ? Storage::text
                               : Storage::numbers;
  std::uint32_t* const fields[] = {&header.size.width, &header.size.height, &header.max_value};
  const std::size_t count = kind == 1 || kind == 4 ? 2 : 3;
  for (std::size_t i = 0; i < count; ++i) {
    skip_space(header.data);
    const std::optional<std::uint32_t> number = take_number(header.data);
    if (!number) return corrupt();
    *fields[i] = *number;
  }
  if (header.data.starts_with('#')) {
    header.data = bytes_at(header.data, header.data.find('\n'));
  }
  header.data = bytes_at(header.data, 1);
  return is_complete(header) ? Result<Header>(header) : corrupt();
}

// Cuts a line off, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text = bytes_at(text, end + 1);
  return line;
}

// Cuts a word off, with the white space behind it.
std::string_view take_word(std::string_view& text) {
  const auto* const end = std::find_if(text.begin(), text.end(), is_space);
  const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return word;
}

Status set_channels(std::string_view tuple_type, Header& header) {
  if (tuple_type.starts_with("CMYK")) {
    return Status(Code::unsupported, "a PAM in CMYK is not decoded");
  }
  if (header.stored == 0) return corrupt();
  const bool grey = tuple_type.empty() ? header.stored < 3
                                       : tuple_type.starts_with("GRAYSCALE") ||
                                             tuple_type.starts_with("BLACKANDWHITE");
  if (!grey && !tuple_type.empty() && !tuple_type.starts_with("RGB")) {
    return Status(Code::unsupported, "a PAM of this tuple type is not decoded");
  }
  const std::size_t colors = grey ? 1 : 3;
  header.has_alpha =
      tuple_type.empty() ? header.stored == colors + 1 : tuple_type.ends_with("_ALPHA");
  header.used = colors + (header.has_alpha ? 1 : 0);
  return header.used <= header.stored ? Status() : corrupt();
}

// P7: lines of a name and a value.
Result<Header> read_named(std::string_view file) {
  std::string_view rest = file.substr(2);
  Header header;
  std::uint32_t depth = 0;
  std::string_view tuple_type;
  while (!rest.empty()) {
    std::string_view line = take_line(rest);
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#') continue;
    const std::string_view name = take_word(line);
    if (name == "ENDHDR") {
      header.data = rest;
      // As many bytes a pixel are more than the image can have: sizes stay far from overflow.
      constexpr std::uint32_t kMostSamples = 1024;
      header.stored = depth <= kMostSamples ? depth : 0;
      RETURN_IF_ERROR(set_channels(tuple_type, header));
      return is_complete(header) ? Result<Header>(header) : corrupt();
    }
    std::uint32_t* const field = name == "WIDTH"    ? &header.size.width
                                 : name == "HEIGHT" ? &header.size.height
                                 : name == "DEPTH"  ? &depth
                                 : name == "MAXVAL" ? &header.max_value
                                                    : nullptr;
    if (name == "TUPLTYPE") tuple_type = take_word(line);
    if (field == nullptr) continue;
    const std::optional<std::uint32_t> number = take_number(line);
    if (!number) return corrupt();
    *field = *number;
  }
  return corrupt();
}

}  // namespace

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

void skip_space(std::string_view& text) {
  while (!text.empty() && (is_space(text.front()) || text.front() == '#')) {
    if (text.front() == '#') text = bytes_at(text, text.find('\n'));
    if (!text.empty()) text.remove_prefix(1);
  }
}

std::optional<std::uint32_t> take_number(std::string_view& text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  std::uint64_t value = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    value = std::min(kMost, value * 10 + static_cast<std::uint64_t>(text.front() - '0'));
  }
  return static_cast<std::uint32_t>(value);
}

Result<Header> read_header(std::string_view file) {
  if (file.size() < 3 || file[0] != 'P') return corrupt();
  if (file[1] == '7') return file[2] == '\n' || file[2] == '\r' ? read_named(file) : corrupt();
  if (file[1] < '1' || file[1] > '6') return corrupt();
  return read_numbered(file);
}

}  // namespace thumbmill::pnm
