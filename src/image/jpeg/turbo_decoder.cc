#include "image/jpeg/turbo_decoder.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>

#include <jerror.h>
#include <jpeglib.h>

#include "image/limit_checks.h"

namespace thumbmill::jpeg {
namespace {

constexpr std::size_t kInks = 4;

// libjpeg calls error_exit and expects it not to return. Between setjmp and longjmp there is
// nothing here that has a destructor: each step is a function of plain values, and vectors belong
// to its callers.
struct Session {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  std::jmp_buf jump;
  int code;  // of the message
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* const session = static_cast<Session*>(info->client_data);
  session->code = info->err->msg_code;
  info->err->format_message(info, session->message);
  std::longjmp(session->jump, 1);
}

void say_nothing(j_common_ptr, int) {}

// `keep_segments`: those with EXIF and colour profiles, in info.marker_list.
bool open(Session& session, const unsigned char* bytes, unsigned long size, bool keep_segments) {
  session = {};
  session.info.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = leave;
  session.errors.emit_message = say_nothing;
  session.info.client_data = &session;
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_decompress(&session.info);
  session.info.client_data = &session;
  jpeg_mem_src(&session.info, bytes, size);
  if (keep_segments) {
    jpeg_save_markers(&session.info, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(&session.info, JPEG_APP0 + 2, 0xffff);
  }
  jpeg_read_header(&session.info, TRUE);
  return true;
}

// `raw`: components as they are stored, else interleaved CMYK.
bool start(Session& session, unsigned side, bool raw) {
  if (setjmp(session.jump) != 0) return false;
  session.info.scale_num = side;
  session.info.scale_denom = 8;
  session.info.out_color_space = raw ? session.info.jpeg_color_space : JCS_CMYK;
  session.info.raw_data_out = raw ? TRUE : FALSE;
  session.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&session.info);
  return true;
}

// Rows of `planes`, whose strides and heights are those of whole MCUs.
bool read(Session& session, JSAMPROW* const* planes) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_decompress_struct& info = session.info;
  const auto lines = static_cast<JDIMENSION>(info.max_v_samp_factor * info.min_DCT_scaled_size);
  for (JDIMENSION mcu_row = 0; info.output_scanline < info.output_height; ++mcu_row) {
    JSAMPARRAY rows[kMaxComponents];
    for (int i = 0; i < info.num_components; ++i) {
      const jpeg_component_info& part = info.comp_info[i];
      rows[i] = const_cast<JSAMPARRAY>(planes[i]) +
                mcu_row * static_cast<JDIMENSION>(part.v_samp_factor * part.DCT_scaled_size);
    }
    if (jpeg_read_raw_data(&info, rows, lines) == 0) return false;
  }
  return true;
}

// CMYK: a plane for each ink, of `stride` a row. `line` has room for one row of all four.
bool read_inks(Session& session, JSAMPROW line, JSAMPROW const* planes, std::size_t stride) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_decompress_struct& info = session.info;
  while (info.output_scanline < info.output_height) {
    const std::size_t at = info.output_scanline * stride;
    if (jpeg_read_scanlines(&info, &line, 1) == 0) return false;
    for (std::size_t x = 0; x < info.output_width; ++x) {
      for (std::size_t ink = 0; ink < kInks; ++ink) {
        planes[ink][at + x] = static_cast<JSAMPLE>(255 - line[x * kInks + ink]);
      }
    }
  }
  return true;
}

class Decoder {
 public:
  explicit Decoder(std::string_view file, bool keep_segments = false)
      : opened_(open(session_, reinterpret_cast<const unsigned char*>(file.data()), file.size(),
                     keep_segments)) {}
  ~Decoder() { jpeg_destroy_decompress(&session_.info); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  bool opened() const { return opened_; }
  Session& session() { return session_; }

  Status failure() const {
    if (session_.code == JERR_OUT_OF_MEMORY) {
      return no_memory(session_.message);
    }
    const bool other_variant = session_.code == JERR_BAD_PRECISION ||
                               session_.code == JERR_SOF_UNSUPPORTED ||
                               session_.code == JERR_ARITH_NOTIMPL;
    if (other_variant) {
      return Status(Code::unsupported, "this variant of the image's format is not supported",
                    session_.message);
    }
    return Status(Code::corrupt_input, "the image cannot be decoded", session_.message);
  }

 private:
  Session session_;
  bool opened_;
};

Status check_components(const jpeg_decompress_struct& info) {
  if (info.num_components == 1 || info.num_components == 3 || info.num_components == kInks) {
    return Status();
  }
  return Status(Code::unsupported, "this variant of the image's format is not supported",
                "the number of components");
}

Plane make_plane(const jpeg_decompress_struct& info, const jpeg_component_info& part) {
  const auto side = static_cast<std::size_t>(part.DCT_scaled_size);
  const auto h = static_cast<std::size_t>(part.h_samp_factor);
  const auto v = static_cast<std::size_t>(part.v_samp_factor);
  const auto h_max = static_cast<std::size_t>(info.max_h_samp_factor);
  const auto v_max = static_cast<std::size_t>(info.max_v_samp_factor);
  const std::size_t mcus = (info.image_width + 8 * h_max - 1) / (8 * h_max);
  const std::size_t mcu_rows = (info.image_height + 8 * v_max - 1) / (8 * v_max);
  Plane plane;
  plane.width = part.downsampled_width;
  plane.height = part.downsampled_height;
  plane.extent_x =
      static_cast<double>(info.image_width * h * side) / (8.0 * static_cast<double>(h_max));
  plane.extent_y =
      static_cast<double>(info.image_height * v * side) / (8.0 * static_cast<double>(v_max));
  plane.stride = mcus * h * side;
  plane.samples.resize(plane.stride * mcu_rows * v * side);
  return plane;
}

ColorModel model_of(const jpeg_decompress_struct& info) {
  if (info.num_components == 1) return ColorModel::grey;
  return info.jpeg_color_space == JCS_RGB ? ColorModel::rgb : ColorModel::ycbcr;
}

Result<Picture> decode_inks(Decoder& decoder, std::uint32_t side) {
  if (!start(decoder.session(), side, false)) return decoder.failure();
  const jpeg_decompress_struct& info = decoder.session().info;
  Picture picture;
  picture.model = ColorModel::cmyk;
  picture.planes.resize(kInks);
  std::array<JSAMPROW, kInks> planes{};
  for (std::size_t ink = 0; ink < kInks; ++ink) {
    Plane& plane = picture.planes[ink];
    plane.width = plane.stride = info.output_width;
    plane.height = info.output_height;
    plane.extent_x = info.image_width * side / 8.0;
    plane.extent_y = info.image_height * side / 8.0;
    plane.samples.resize(plane.stride * plane.height);
    planes[ink] = plane.samples.data();
  }
  std::vector<JSAMPLE> line(info.output_width * kInks);
  if (!read_inks(decoder.session(), line.data(), planes.data(), info.output_width)) {
    return decoder.failure();
  }
  return picture;
}

}  // namespace

Result<TurboHeader> read_turbo_header(std::string_view file) {
  Decoder decoder(file, true);
  if (!decoder.opened()) return decoder.failure();
  jpeg_decompress_struct& info = decoder.session().info;
  AppSegments apps;
  for (jpeg_saved_marker_ptr it = info.marker_list; it != nullptr; it = it->next) {
    apps.add(it->marker, {reinterpret_cast<const char*>(it->data), it->data_length});
  }
  return TurboHeader{{info.image_width, info.image_height},
                     static_cast<std::size_t>(info.num_components),
                     jpeg_has_multiple_scans(&info) != FALSE,
                     apps.orientation(),
                     apps.profile()};
}

Result<Picture> decode_with_turbo(std::string_view file, std::uint32_t side) {
  Decoder decoder(file);
  if (!decoder.opened()) return decoder.failure();
  const jpeg_decompress_struct& info = decoder.session().info;
  RETURN_IF_ERROR(check_components(info));
  if (info.num_components == kInks) return decode_inks(decoder, side);
  if (!start(decoder.session(), side, true)) return decoder.failure();
  Picture picture;
  picture.model = model_of(info);
  std::array<std::vector<JSAMPROW>, kMaxComponents> rows;
  std::array<JSAMPROW*, kMaxComponents> planes{};
  const auto count = static_cast<std::size_t>(info.num_components);
  picture.planes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    Plane& plane = picture.planes.emplace_back(make_plane(info, info.comp_info[i]));
    for (std::size_t at = 0; at < plane.samples.size(); at += plane.stride) {
      rows[i].push_back(plane.samples.data() + at);
    }
    planes[i] = rows[i].data();
  }
  if (!read(decoder.session(), planes.data())) return decoder.failure();
  return picture;
}

}  // namespace thumbmill::jpeg
