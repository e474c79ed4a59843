#include "net/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/ascii.h"
#include "net/http_head.h"

namespace thumbmill {
namespace {

Status malformed(std::string what) {
  return Status(Code::invalid_argument, fmt::format("the multipart body is malformed: {}", what));
}

struct Parameter {
  std::string name;  // in lower case
  std::string value;
};

// The parameters behind "value; name=token; name="quoted"" (RFC 9110, section 5.6.6). Browsers
// escape a quote in a file name as %22, others as \", and a lone backslash (an old Windows path)
// means itself.
std::optional<std::vector<Parameter>> parse_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  while (true) {
    const std::size_t semicolon = text.find(';');
    if (semicolon == std::string_view::npos)
      return trim(text).empty() || parameters.empty() ? std::optional(parameters) : std::nullopt;
    text = trim(text.substr(semicolon + 1));
    if (text.empty()) return parameters;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Parameter parameter{to_lower(trim(text.substr(0, equals))), {}};
    text.remove_prefix(equals + 1);
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        const bool escape =
            text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
        parameter.value.push_back(text[escape ? ++i : i]);
      }
      if (i >= text.size()) return std::nullopt;
      text.remove_prefix(i + 1);
    } else {
      const std::size_t end = std::min(text.find(';'), text.size());
      parameter.value = trim(text.substr(0, end));
      text.remove_prefix(end);
    }
    parameters.push_back(std::move(parameter));
    text = trim(text);
    if (!text.empty() && text.front() != ';') return std::nullopt;
    if (text.empty()) return parameters;
  }
}

const std::string* find_parameter(const std::vector<Parameter>& parameters, std::string_view name) {
  for (const Parameter& parameter : parameters) {
    if (parameter.name == name) return &parameter.value;
  }
  return nullptr;
}

// RFC 8187: UTF-8''percent-encoded.
std::optional<std::string> decode_extended(std::string_view text) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos || to_lower(text.substr(0, first)) != "utf-8")
    return std::nullopt;
  return percent_decode(text.substr(second + 1), false);
}

Result<std::string> find_boundary(std::string_view content_type, const MultipartLimits& limits) {
  const std::size_t semicolon = std::min(content_type.find(';'), content_type.size());
  if (to_lower(trim(content_type.substr(0, semicolon))) != "multipart/form-data") {
    return malformed("the content type is not multipart/form-data");
  }
  const auto parameters = parse_parameters(content_type);
  const std::string* boundary = parameters ? find_parameter(*parameters, "boundary") : nullptr;
  const auto count = parameters
                         ? std::count_if(parameters->begin(), parameters->end(),
                                         [](const Parameter& p) { return p.name == "boundary"; })
                         : 0;
  if (boundary == nullptr || count != 1) return malformed("there is no one boundary");
  const auto allowed = [](char c) {  // RFC 2046, section 5.1.1
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  if (boundary->empty() || boundary->size() > limits.boundary_bytes || boundary->back() == ' ' ||
      !std::all_of(boundary->begin(), boundary->end(), allowed)) {
    return malformed(
        fmt::format("the boundary is not 1 to {} allowed characters", limits.boundary_bytes));
  }
  return *boundary;
}

class StreamingParser final : public MultipartParser {
 public:
  // The body is read as if a line end stood before it, so that the first boundary is like the
  // others.
  StreamingParser(const std::string& boundary, const MultipartLimits& limits, MultipartSink& sink)
      : delimiter_("\r\n--" + boundary), limits_(limits), sink_(sink), held_("\r\n") {}

  Status feed(std::string_view bytes) override {
    // Bytes that could be the beginning of a delimiter are held back until more come.
    std::string joined;
    if (!held_.empty()) {
      joined = std::exchange(held_, {});
      joined += bytes;
      bytes = joined;
    }
    while (!bytes.empty()) {
      const std::size_t before = bytes.size();
      const State state = state_;
      RETURN_IF_ERROR(advance(bytes));
      if (bytes.size() == before && state_ == state) {
        held_ = bytes;
        break;
      }
    }
    return Status();
  }

  Status finish() override {
    if (state_ == State::epilogue) return Status();
    return malformed("it ends before its closing boundary");
  }

 private:
  enum class State { preamble, after_delimiter, head, body, epilogue };

  // Takes what can be taken from the front of `bytes`; takes nothing when more is needed.
  Status advance(std::string_view& bytes) {
    switch (state_) {
      case State::preamble:
      case State::body:
        return take_content(bytes);
      case State::after_delimiter:
        return take_delimiter_end(bytes);
      case State::head:
        return take_head(bytes);
      case State::epilogue:
        bytes = {};
        return Status();
    }
    return Status();
  }

  Status take_content(std::string_view& bytes) {
    const std::size_t found = bytes.find(delimiter_);
    // Without a delimiter, only what cannot begin one is taken.
    std::size_t content = std::min(found, bytes.size());
    if (found == std::string_view::npos) {
      const std::size_t tail =
          bytes.size() > delimiter_.size() ? bytes.size() - delimiter_.size() : 0;
      content = bytes.size();
      for (std::size_t at = bytes.find('\r', tail); at != std::string_view::npos;
           at = bytes.find('\r', at + 1)) {
        if (std::string_view(delimiter_).starts_with(bytes.substr(at))) {
          content = at;
          break;
        }
      }
    }
    if (content > 0 && state_ == State::body)
      RETURN_IF_ERROR(sink_.on_bytes(bytes.substr(0, content)));
    bytes.remove_prefix(content);
    if (found == std::string_view::npos) return Status();
    bytes.remove_prefix(delimiter_.size());
    if (state_ == State::body) RETURN_IF_ERROR(sink_.on_part_end());
    state_ = State::after_delimiter;
    return Status();
  }

  Status take_delimiter_end(std::string_view& bytes) {
    // RFC 2046 allows white space between a delimiter and its line end, but not before the "--" of
    // the closing one.
    while (!bytes.empty() && (bytes.front() == ' ' || bytes.front() == '\t')) {
      bytes.remove_prefix(1);
      padded_ = true;
    }
    if (bytes.size() < 2) return Status();
    if (bytes.starts_with("--") && !padded_) {
      state_ = State::epilogue;
    } else if (bytes.starts_with("\r\n")) {
      if (++parts_ > limits_.parts) {
        return Status(Code::too_large,
                      fmt::format("the multipart body has over {} parts", limits_.parts));
      }
      state_ = State::head;
    } else {
      return malformed("a boundary is followed by other text");
    }
    bytes.remove_prefix(2);
    padded_ = false;
    return Status();
  }

  Status take_head(std::string_view& bytes) {
    const std::size_t end = bytes.starts_with("\r\n") ? 0 : bytes.find("\r\n\r\n");
    // Without an end, its last three bytes may be the beginning of one.
    const std::size_t least =
        end == std::string_view::npos ? bytes.size() - std::min<std::size_t>(bytes.size(), 3) : end;
    if (least > limits_.part_head_bytes) {
      return Status(Code::too_large,
                    fmt::format("a part's head is over {} bytes", limits_.part_head_bytes));
    }
    if (end == std::string_view::npos) return Status();
    RETURN_IF_ERROR(begin_part(bytes.substr(0, end)));
    bytes.remove_prefix(end == 0 ? 2 : end + 4);
    state_ = State::body;
    return Status();
  }

  Status begin_part(std::string_view head) {
    MultipartPart part;
    bool named = false;
    while (!head.empty()) {
      const std::size_t end = std::min(head.find("\r\n"), head.size());
      const auto field = parse_field_line(head.substr(0, end));
      head.remove_prefix(std::min(end + 2, head.size()));
      if (!field) return malformed("a part's head line is not NAME: VALUE");
      const std::string name = to_lower(field->first);
      if (name == "content-type") part.content_type = field->second;
      if (name != "content-disposition") continue;
      // The first and the last could be taken for the part's name by two readers.
      if (named) return malformed("a part has more than one Content-Disposition");
      RETURN_IF_ERROR(read_disposition(field->second, part));
      named = true;
    }
    if (!named) return malformed("a part has no Content-Disposition");
    return sink_.on_part(part);
  }

  static Status read_disposition(std::string_view value, MultipartPart& part) {
    const auto parameters = parse_parameters(value);
    if (!parameters || to_lower(trim(value.substr(0, value.find(';')))) != "form-data") {
      return malformed("a part's Content-Disposition is not form-data");
    }
    for (std::size_t i = 0; i < parameters->size(); ++i) {
      if (find_parameter(*parameters, (*parameters)[i].name) != &(*parameters)[i].value) {
        return malformed("a part's Content-Disposition has a parameter more than once");
      }
    }
    const std::string* name = find_parameter(*parameters, "name");
    if (name == nullptr) return malformed("a part has no name");
    part.name = *name;
    if (const std::string* file_name = find_parameter(*parameters, "filename")) {
      part.is_file = true;
      part.file_name = *file_name;
    }
    if (const std::string* extended = find_parameter(*parameters, "filename*")) {
      const auto decoded = decode_extended(*extended);
      if (!decoded) return malformed("a part's filename* is not UTF-8''...");
      part.is_file = true;
      part.file_name = *decoded;
    }
    return Status();
  }

  const std::string delimiter_;
  const MultipartLimits limits_;
  MultipartSink& sink_;
  State state_ = State::preamble;
  std::size_t parts_ = 0;
  bool padded_ = false;  // white space has come behind the present delimiter
  std::string held_;
};

}  // namespace

Result<std::unique_ptr<MultipartParser>> MultipartParser::create(std::string_view content_type,
                                                                 const MultipartLimits& limits,
                                                                 MultipartSink& sink) {
  ASSIGN_OR_RETURN(const std::string boundary, find_boundary(content_type, limits));
  return std::unique_ptr<MultipartParser>(
      std::make_unique<StreamingParser>(boundary, limits, sink));
}

}  // namespace thumbmill
