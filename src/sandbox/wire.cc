#include "sandbox/wire.h"

#include <algorithm>
#include <cstdint>

namespace thumbmill {
namespace {

constexpr std::uint32_t kRequestMagic = 0x32515254;  // "TRQ2", little-endian
constexpr std::uint32_t kReplyMagic = 0x32505254;    // "TRP2"
constexpr std::uint32_t kNeedMagic = 0x324e5254;     // "TRN2"
constexpr std::uint32_t kGoMagic = 0x32475254;       // "TRG2"
constexpr std::size_t kMaxMessageText = 1024;
constexpr std::size_t kMaxDetailText = 4096;
constexpr std::size_t kMaxShortText = 64;
constexpr std::uint8_t kNoFormat = 0xff;
constexpr auto kLastFormat = static_cast<std::uint8_t>(kLastImageFormat);
constexpr auto kLastFit = static_cast<std::uint8_t>(Fit::fill);
constexpr auto kLastCode = static_cast<std::uint8_t>(Code::internal);

// Integers are little-endian and of fixed width; a text is its length in two bytes, then its bytes.
class Writer {
 public:
  template <typename T>
  void integer(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      bytes_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
  }
  void text(std::string_view value, std::size_t most) {
    value = value.substr(0, most);
    integer(static_cast<std::uint16_t>(value.size()));
    bytes_ += value;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T integer() {
    if (bytes_.size() < sizeof(T)) {
      good_ = false;
      return T{};
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    }
    bytes_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }
  std::uint8_t at_most(std::uint8_t most) {
    const auto value = integer<std::uint8_t>();
    require(value <= most);
    return std::min(value, most);
  }
  std::string text(std::size_t most) {
    const std::size_t size = integer<std::uint16_t>();
    if (!good_ || size > most || size > bytes_.size()) {
      good_ = false;
      return {};
    }
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return value;
  }
  void require(bool condition) { good_ = good_ && condition; }
  bool good() const { return good_; }
  bool finished() const { return good_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

void write_spec(Writer& out, const RenditionSpec& spec) {
  out.text(spec.name, kMaxShortText);
  out.integer(spec.width_px);
  out.integer(spec.height_px);
  out.integer(static_cast<std::uint8_t>(spec.fit));
  out.integer(spec.format ? static_cast<std::uint8_t>(*spec.format) : kNoFormat);
  out.integer(static_cast<std::uint8_t>(spec.quality));
  out.integer(std::uint8_t{spec.background.has_value()});
  const Color color = spec.background.value_or(Color());
  out.integer(color.red);
  out.integer(color.green);
  out.integer(color.blue);
  out.integer(std::uint8_t{spec.enlarge});
}

RenditionSpec read_spec(Reader& in) {
  RenditionSpec spec;
  spec.name = in.text(kMaxShortText);
  spec.width_px = in.integer<std::uint32_t>();
  spec.height_px = in.integer<std::uint32_t>();
  spec.fit = static_cast<Fit>(in.at_most(kLastFit));
  const auto format = in.integer<std::uint8_t>();
  in.require(format <= kLastFormat || format == kNoFormat);
  if (format <= kLastFormat) spec.format = static_cast<ImageFormat>(format);
  spec.quality = in.integer<std::uint8_t>();
  const bool has_background = in.at_most(1) == 1;
  Color color;
  color.red = in.integer<std::uint8_t>();
  color.green = in.integer<std::uint8_t>();
  color.blue = in.integer<std::uint8_t>();
  in.require(has_background || color == Color());
  if (has_background) spec.background = color;
  spec.enlarge = in.at_most(1) == 1;
  return spec;
}

void write_limits(Writer& out, const ImageLimits& limits) {
  out.integer(limits.max_pixels);
  out.integer(limits.max_side_px);
  out.integer(limits.max_pages);
  out.integer(limits.max_scans);
  out.integer(limits.max_rendition_pixels);
  out.integer(limits.max_memory_bytes);
  out.integer(static_cast<std::uint64_t>(limits.cpu_time.count()));
  out.integer(static_cast<std::uint64_t>(limits.wall_time.count()));
}

// A duration of more than 49 days is no limit that anyone sets, and would overflow in use.
std::chrono::milliseconds read_duration(Reader& in) {
  const auto count = in.integer<std::uint64_t>();
  in.require(count <= UINT32_MAX);
  return std::chrono::milliseconds(std::min<std::uint64_t>(count, UINT32_MAX));
}

ImageLimits read_limits(Reader& in) {
  ImageLimits limits;
  limits.max_pixels = in.integer<std::uint64_t>();
  limits.max_side_px = in.integer<std::uint32_t>();
  limits.max_pages = in.integer<std::uint32_t>();
  limits.max_scans = in.integer<std::uint32_t>();
  limits.max_rendition_pixels = in.integer<std::uint64_t>();
  limits.max_memory_bytes = in.integer<std::uint64_t>();
  limits.cpu_time = read_duration(in);
  limits.wall_time = read_duration(in);
  return limits;
}

void write_rendition(Writer& out, const DecodedRendition& rendition) {
  out.text(rendition.facts.name, kMaxShortText);
  out.integer(static_cast<std::uint8_t>(rendition.facts.format));
  out.integer(rendition.facts.size.width);
  out.integer(rendition.facts.size.height);
  out.integer(rendition.offset);
  out.integer(rendition.facts.size_bytes);
  out.text(rendition.facts.placeholder, kMaxShortText);
  out.text(rendition.facts.color, kMaxShortText);
}

DecodedRendition read_rendition(Reader& in) {
  DecodedRendition rendition;
  rendition.facts.name = in.text(kMaxShortText);
  rendition.facts.format = static_cast<ImageFormat>(in.at_most(kLastFormat));
  rendition.facts.size.width = in.integer<std::uint32_t>();
  rendition.facts.size.height = in.integer<std::uint32_t>();
  rendition.offset = in.integer<std::uint64_t>();
  rendition.facts.size_bytes = in.integer<std::uint64_t>();
  rendition.facts.placeholder = in.text(kMaxShortText);
  rendition.facts.color = in.text(kMaxShortText);
  in.require(rendition.offset <= kOutputBytes &&
             rendition.facts.size_bytes <= kOutputBytes - rendition.offset);
  return rendition;
}

}  // namespace

std::string encode_request(const DecodeRequest& request) {
  Writer out;
  out.integer(kRequestMagic);
  out.integer(request.sequence);
  out.integer(request.source_offset);
  out.integer(request.source_bytes);
  out.integer(static_cast<std::uint8_t>(request.format));
  write_limits(out, request.limits);
  out.integer(static_cast<std::uint8_t>(request.renditions.size()));
  for (const RenditionSpec& spec : request.renditions) write_spec(out, spec);
  return out.take();
}

Result<DecodeRequest> decode_request(std::string_view message) {
  Reader in(message);
  in.require(in.integer<std::uint32_t>() == kRequestMagic);
  DecodeRequest request;
  request.sequence = in.integer<std::uint64_t>();
  request.source_offset = in.integer<std::uint64_t>();
  request.source_bytes = in.integer<std::uint64_t>();
  request.format = static_cast<ImageFormat>(in.at_most(kLastFormat));
  request.limits = read_limits(in);
  const std::uint8_t count = in.at_most(kMaxRenditionsPerJob);
  for (std::uint8_t i = 0; in.good() && i < count; ++i) request.renditions.push_back(read_spec(in));
  if (!in.finished()) return Status(Code::invalid_argument, "malformed decode request");
  RETURN_IF_ERROR(validate(request.renditions));
  return request;
}

std::string encode_reply(const DecodeReply& reply) {
  Writer out;
  out.integer(kReplyMagic);
  out.integer(reply.sequence);
  out.integer(static_cast<std::uint8_t>(reply.status.code()));
  out.text(reply.status.message(), kMaxMessageText);
  out.text(reply.status.detail(), kMaxDetailText);
  out.integer(reply.source_size.width);
  out.integer(reply.source_size.height);
  out.integer(static_cast<std::uint8_t>(reply.renditions.size()));
  for (const DecodedRendition& rendition : reply.renditions) write_rendition(out, rendition);
  return out.take();
}

Result<DecodeReply> decode_reply(std::string_view message) {
  Reader in(message);
  in.require(in.integer<std::uint32_t>() == kReplyMagic);
  DecodeReply reply;
  reply.sequence = in.integer<std::uint64_t>();
  const auto code = static_cast<Code>(in.at_most(kLastCode));
  std::string text = in.text(kMaxMessageText);
  std::string detail = in.text(kMaxDetailText);
  in.require(code != Code::ok || (text.empty() && detail.empty()));
  if (code != Code::ok) reply.status = Status(code, std::move(text), std::move(detail));
  reply.source_size.width = in.integer<std::uint32_t>();
  reply.source_size.height = in.integer<std::uint32_t>();
  const std::uint8_t count = in.at_most(kMaxRenditionsPerJob);
  for (std::uint8_t i = 0; in.good() && i < count; ++i)
    reply.renditions.push_back(read_rendition(in));
  if (!in.finished()) return Status(Code::invalid_argument, "malformed decode reply");
  return reply;
}

std::string encode_need(const MemoryNeed& need) {
  Writer out;
  out.integer(kNeedMagic);
  out.integer(need.sequence);
  out.integer(need.bytes);
  return out.take();
}

Result<MemoryNeed> decode_need(std::string_view message) {
  Reader in(message);
  in.require(in.integer<std::uint32_t>() == kNeedMagic);
  MemoryNeed need;
  need.sequence = in.integer<std::uint64_t>();
  need.bytes = in.integer<std::uint64_t>();
  if (!in.finished()) return Status(Code::invalid_argument, "malformed need of memory");
  return need;
}

std::string encode_go(std::uint64_t sequence) {
  Writer out;
  out.integer(kGoMagic);
  out.integer(sequence);
  return out.take();
}

Result<std::uint64_t> decode_go(std::string_view message) {
  Reader in(message);
  in.require(in.integer<std::uint32_t>() == kGoMagic);
  const auto sequence = in.integer<std::uint64_t>();
  if (!in.finished()) return Status(Code::invalid_argument, "malformed word to go on");
  return sequence;
}

}  // namespace thumbmill
