#include "image/jpeg/markers.h"

#include <algorithm>

namespace thumbmill::jpeg {
namespace {

using namespace std::string_view_literals;

constexpr std::uint8_t kSof0 = 0xc0, kSof1 = 0xc1, kSof2 = 0xc2, kDht = 0xc4, kJpg = 0xc8,
                       kDac = 0xcc, kSof15 = 0xcf, kSoi = 0xd8, kEoi = 0xd9, kSos = 0xda,
                       kDqt = 0xdb, kDnl = 0xdc, kDri = 0xdd, kApp0 = 0xe0, kApp15 = 0xef,
                       kCom = 0xfe;

std::uint8_t byte(std::string_view s, std::size_t i) { return static_cast<std::uint8_t>(s[i]); }

std::size_t word(std::string_view s, std::size_t i) {
  return static_cast<std::size_t>(byte(s, i)) << 8 | byte(s, i + 1);
}

Status damaged(std::string_view what) {
  return Status(Code::corrupt_input, "the image cannot be decoded", std::string(what));
}

Status declined(std::string_view what) {
  return Status(Code::unsupported, "this variant of the image's format is not supported",
                std::string(what));
}

// TEM, RSTn and SOI have no length (T.81 table B.1).
bool stands_alone(std::uint8_t marker) {
  return marker == 0x01 || (marker >= 0xd0 && marker <= kSoi);
}

// Of those with a length; libjpeg refuses the others (read_markers).
bool is_known(std::uint8_t marker) {
  return (marker >= kSof0 && marker <= kDri) || (marker >= kApp0 && marker <= kApp15) ||
         marker == kCom;
}

}  // namespace

Result<std::optional<Scan>> MarkerReader::next_scan(std::size_t from) {
  std::size_t at = from;
  if (at == 0) {
    if (bytes_.substr(0, 3) != "\xff\xd8\xff"sv) return damaged("no SOI");
    at = 2;
  }
  while (true) {
    // As everybody does, bytes between segments are ignored.
    at = bytes_.find('\xff', at);
    if (at == std::string_view::npos || at + 2 > bytes_.size()) return std::optional<Scan>();
    const std::uint8_t marker = byte(bytes_, at + 1);
    if (marker == 0xff || marker == 0) {
      at += marker == 0 ? 2 : 1;
      continue;
    }
    if (marker == kEoi) return std::optional<Scan>();
    if (stands_alone(marker)) {
      at += 2;
      continue;
    }
    // In front of the first scan libjpeg would refuse the file; behind it, the marker may be one
    // that libjpeg steps over on its way to the next restart.
    if (from != 0 && !is_known(marker)) return declined("an unknown marker");
    if (at + 4 > bytes_.size()) return std::optional<Scan>();
    const std::size_t length = word(bytes_, at + 2);
    if (length < 2) return damaged("a segment's length");
    if (length > bytes_.size() - at - 2) return std::optional<Scan>();  // cut off
    const std::string_view body = bytes_.substr(at + 4, length - 2);
    at += 2 + length;
    if (marker == kSos) {
      ++scans_;
      ASSIGN_OR_RETURN(Scan scan, scan_header(body));
      scan.data_at = at;
      return std::optional<Scan>(scan);
    }
    RETURN_IF_ERROR(segment(marker, body, from == 0));
  }
}

Status MarkerReader::segment(std::uint8_t marker, std::string_view body, bool in_header) {
  switch (marker) {
    case kDht:
      return huffman_tables(body);
    case kDqt:
      return quant_tables(body);
    case kDri:
      if (body.size() != 2) return damaged("DRI");
      restart_interval_ = word(body, 0);
      return Status();
    case kDnl:
    case kDac:
    case kJpg:
      return declined("DNL, DAC or JPG");
    default:
      if (marker >= kSof0 && marker <= kSof15) return frame_header(marker, body);
      if (in_header) apps_.add(marker, body);
      return Status();
  }
}

Status MarkerReader::frame_header(std::uint8_t marker, std::string_view body) {
  if (marker != kSof0 && marker != kSof1 && marker != kSof2) return declined("the coding process");
  if (frame_.width != 0) return declined("two frames");
  if (body.size() < 6) return damaged("SOF");
  if (byte(body, 0) != 8) return declined("the precision");
  Frame frame;
  frame.progressive = marker == kSof2;
  frame.height = static_cast<std::uint32_t>(word(body, 1));
  frame.width = static_cast<std::uint32_t>(word(body, 3));
  frame.count = byte(body, 5);
  if (frame.width == 0 || frame.height == 0) return declined("a size of 0");
  if (frame.count != 1 && frame.count != 3) return declined("the number of components");
  if (body.size() != 6 + 3 * frame.count) return damaged("SOF");
  for (std::size_t i = 0; i < frame.count; ++i) {
    Component& component = frame.components[i];
    component.id = byte(body, 6 + 3 * i);
    component.h = byte(body, 7 + 3 * i) >> 4;
    component.v = byte(body, 7 + 3 * i) & 15;
    component.quant_table = byte(body, 8 + 3 * i);
    if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4 ||
        component.quant_table >= kTables) {
      return damaged("a component of SOF");
    }
    for (std::size_t k = 0; k < i; ++k) {
      if (frame.components[k].id == component.id) return declined("two components of one name");
    }
    frame.h_max = std::max<std::uint32_t>(frame.h_max, component.h);
    frame.v_max = std::max<std::uint32_t>(frame.v_max, component.v);
  }
  // The only component is coded block by block whatever its factors are (T.81 A.2.2).
  if (frame.count == 1) {
    frame.components[0].h = frame.components[0].v = 1;
    frame.h_max = frame.v_max = 1;
  }
  frame_ = frame;
  return Status();
}

Status MarkerReader::huffman_tables(std::string_view body) {
  while (!body.empty()) {
    if (body.size() < 17) return damaged("DHT");
    const std::size_t kind = byte(body, 0) >> 4;
    const std::size_t index = byte(body, 0) & 15;
    if (kind > 1 || index >= kTables) return damaged("DHT");
    HuffmanSpec spec;
    std::size_t total = 0;
    for (std::size_t i = 0; i < 16; ++i) total += spec.counts[i] = byte(body, 1 + i);
    if (total > 256 || body.size() < 17 + total) return damaged("DHT");
    for (std::size_t i = 0; i < total; ++i) spec.symbols[i] = byte(body, 17 + i);
    spec.defined = true;
    (kind == 0 ? dc_ : ac_)[index] = spec;
    ++tables_version_;
    body.remove_prefix(17 + total);
  }
  return Status();
}

Status MarkerReader::quant_tables(std::string_view body) {
  while (!body.empty()) {
    const std::size_t bytes_each = (byte(body, 0) >> 4) + 1u;
    const std::size_t index = byte(body, 0) & 15;
    if (bytes_each > 2 || index >= kTables || body.size() < 1 + 64 * bytes_each) {
      return damaged("DQT");
    }
    QuantTable& table = quant_[index];
    for (std::size_t i = 0; i < 64; ++i) {
      table.steps[i] =
          static_cast<std::uint16_t>(bytes_each == 2 ? word(body, 1 + 2 * i) : byte(body, 1 + i));
    }
    table.defined = true;
    body.remove_prefix(1 + 64 * bytes_each);
  }
  return Status();
}

Result<Scan> MarkerReader::scan_header(std::string_view body) const {
  if (frame_.width == 0) return damaged("a scan before the frame");
  if (body.empty()) return damaged("SOS");
  Scan scan;
  scan.count = byte(body, 0);
  if (scan.count < 1 || scan.count > frame_.count) return damaged("SOS");
  if (body.size() != 4 + 2 * scan.count) return damaged("SOS");
  for (std::size_t i = 0; i < scan.count; ++i) {
    Scan::Part& part = scan.parts[i];
    part.component = kMaxComponents;
    for (std::size_t k = 0; k < frame_.count; ++k) {
      if (frame_.components[k].id == byte(body, 1 + 2 * i)) part.component = k;
    }
    part.dc_table = byte(body, 2 + 2 * i) >> 4;
    part.ac_table = byte(body, 2 + 2 * i) & 15;
    if (part.component == kMaxComponents || part.dc_table >= kTables || part.ac_table >= kTables) {
      return damaged("a component of SOS");
    }
    // T.81 B.2.3: in the order of the frame.
    if (i > 0 && scan.parts[i - 1].component >= part.component) return declined("SOS's order");
  }
  const std::size_t at = 1 + 2 * scan.count;
  scan.first = byte(body, at);
  scan.last = byte(body, at + 1);
  scan.high = byte(body, at + 2) >> 4;
  scan.low = byte(body, at + 2) & 15;
  if (!frame_.progressive) return scan;  // whatever they say, it is all coefficients (as libjpeg)
  const bool dc = scan.first == 0 && scan.last == 0;
  const bool ac = scan.first >= 1 && scan.last >= scan.first && scan.last < 64 && scan.count == 1;
  // T.81 G.1.1.1.1 and table B.3; each refinement adds one bit.
  if ((!dc && !ac) || scan.low > 13 || (scan.high != 0 && scan.high != scan.low + 1)) {
    return declined("a progression that is not in the standard");
  }
  return scan;
}

ColorModel MarkerReader::color_model() const {
  if (frame_.count == 1) return ColorModel::grey;
  // libjpeg's rule (default_decompress_parms), which everybody follows.
  if (apps_.has_jfif()) return ColorModel::ycbcr;
  const auto transform = apps_.adobe_transform();
  if (transform) return *transform == 0 ? ColorModel::rgb : ColorModel::ycbcr;
  const auto& c = frame_.components;
  const bool letters = c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
  return letters ? ColorModel::rgb : ColorModel::ycbcr;
}

}  // namespace thumbmill::jpeg
