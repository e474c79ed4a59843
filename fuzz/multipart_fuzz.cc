// The multipart reader takes what any client sends, and takes it apart before anybody has looked at
// it. The first line of an input is the request's content type, the rest its body.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "fuzz_target.h"
#include "net/multipart.h"

using namespace thumbmill;

namespace {

constexpr MultipartLimits kLimits{.boundary_bytes = 70, .parts = 3, .part_head_bytes = 120};

// Writes down what happens, and insists on the order that sinks rely on.
class Recorder final : public MultipartSink {
 public:
  struct Part {
    std::string name;
    std::string file_name;
    bool is_file = false;
    std::string content_type;
    std::string bytes;
    bool ended = false;
    bool operator==(const Part&) const = default;
  };

  Status on_part(const MultipartPart& part) override {
    THUMBMILL_CHECK(parts.empty() || parts.back().ended);
    parts.push_back({part.name, part.file_name, part.is_file, part.content_type, {}, false});
    return Status();
  }
  Status on_bytes(std::string_view bytes) override {
    THUMBMILL_CHECK(!parts.empty() && !parts.back().ended && !bytes.empty());
    parts.back().bytes += bytes;
    return Status();
  }
  Status on_part_end() override {
    THUMBMILL_CHECK(!parts.empty() && !parts.back().ended);
    parts.back().ended = true;
    return Status();
  }

  std::vector<Part> parts;
};

// `next_piece` says how long each stretch is that the parser is fed.
template <typename NextPiece>
Code parse(std::string_view content_type, std::string_view body, Recorder& recorder,
           NextPiece next_piece) {
  auto parser = MultipartParser::create(content_type, kLimits, recorder);
  if (!parser.ok()) return parser.status().code();
  while (!body.empty()) {
    const std::string piece(body.substr(0, next_piece()));  // a copy: what is kept must be kept
    body.remove_prefix(piece.size());
    const Status fed = (*parser)->feed(piece);
    if (!fed.ok()) return fed.code();
  }
  return (*parser)->finish().code();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz_text(data, size);
  const std::size_t line = std::min(text.find('\n'), size);
  const std::string_view content_type = text.substr(0, line);
  const std::string_view body = text.substr(std::min(line + 1, size));

  Recorder whole;
  const Code code = parse(content_type, body, whole, [&] { return body.size(); });
  THUMBMILL_CHECK(code == Code::ok || code == Code::invalid_argument || code == Code::too_large);
  THUMBMILL_CHECK(whole.parts.size() <= kLimits.parts);
  if (code == Code::ok) THUMBMILL_CHECK(whole.parts.empty() || whole.parts.back().ended);

  // How the network cuts the body must not matter.
  Recorder bytewise;
  THUMBMILL_CHECK(parse(content_type, body, bytewise, [] { return 1; }) == code);
  THUMBMILL_CHECK(bytewise.parts == whole.parts);
  Recorder mixed;
  std::uint32_t state = static_cast<std::uint32_t>(size) * 2654435761U + 1;
  const auto next = [&state] {  // a linear congruential generator: the same pieces in every run
    state = state * 1664525U + 1013904223U;
    return 1 + (state >> 27);
  };
  THUMBMILL_CHECK(parse(content_type, body, mixed, next) == code);
  THUMBMILL_CHECK(mixed.parts == whole.parts);
  return 0;
}
