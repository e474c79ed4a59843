#include "image/planar/jpeg_encoder.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <jpeglib.h>

namespace thumbmill::planar {
namespace {

// As in image/jpeg/turbo_decoder.cc: nothing with a destructor lies between setjmp and longjmp.
struct Session {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  std::jmp_buf jump;
  unsigned char* bytes;  // of malloc, even when it fails half-way
  unsigned long size;
  char message[JMSG_LENGTH_MAX];
};

struct Input {
  SizePx size;
  int quality;
  std::uint32_t chroma_divisor;
  bool grey;
  const JSAMPROW* rgb_rows;                   // null for planes
  std::array<const JSAMPROW*, 3> plane_rows;  // whole MCUs
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* const session = static_cast<Session*>(info->client_data);
  info->err->format_message(info, session->message);
  std::longjmp(session->jump, 1);
}

void say_nothing(j_common_ptr, int) {}

void describe(jpeg_compress_struct& info, const Input& input) {
  const bool planes = input.rgb_rows == nullptr;
  info.image_width = input.size.width;
  info.image_height = input.size.height;
  info.input_components = input.grey ? 1 : 3;
  info.in_color_space = input.grey ? JCS_GRAYSCALE : planes ? JCS_YCbCr : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, input.quality, TRUE);
  info.optimize_coding = TRUE;
  info.raw_data_in = planes ? TRUE : FALSE;
  const auto factor = static_cast<int>(input.grey ? 1 : input.chroma_divisor);
  info.comp_info[0].h_samp_factor = factor;
  info.comp_info[0].v_samp_factor = factor;
}

void write_planes(jpeg_compress_struct& info, const Input& input) {
  const auto v_max = static_cast<JDIMENSION>(info.comp_info[0].v_samp_factor);
  for (JDIMENSION mcu_row = 0; info.next_scanline < info.image_height; ++mcu_row) {
    JSAMPARRAY rows[3];
    for (int i = 0; i < info.num_components; ++i) {
      const JDIMENSION lines = static_cast<JDIMENSION>(info.comp_info[i].v_samp_factor) * DCTSIZE;
      rows[i] =
          const_cast<JSAMPARRAY>(input.plane_rows[static_cast<std::size_t>(i)]) + mcu_row * lines;
    }
    jpeg_write_raw_data(&info, rows, v_max * DCTSIZE);
  }
}

bool compress(Session& session, const Input& input) {
  jpeg_compress_struct& info = session.info;
  session = {};
  info.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = leave;
  session.errors.emit_message = say_nothing;
  info.client_data = &session;
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_compress(&info);
  info.client_data = &session;
  jpeg_mem_dest(&info, &session.bytes, &session.size);
  describe(info, input);
  jpeg_start_compress(&info, TRUE);
  if (input.rgb_rows == nullptr) {
    write_planes(info, input);
  } else {
    while (info.next_scanline < info.image_height) {
      jpeg_write_scanlines(&info, const_cast<JSAMPARRAY>(input.rgb_rows) + info.next_scanline,
                           info.image_height - info.next_scanline);
    }
  }
  jpeg_finish_compress(&info);
  return true;
}

Result<std::string> run(const Input& input) {
  Session session;
  const bool done = compress(session, input);
  jpeg_destroy_compress(&session.info);
  const std::unique_ptr<unsigned char, decltype(&std::free)> bytes(session.bytes, &std::free);
  if (!done) {
    return Status(Code::internal, "the rendition cannot be encoded", session.message);
  }
  return std::string(reinterpret_cast<const char*>(bytes.get()), session.size);
}

// A plane filled up to whole MCUs by repeating its last column and row.
struct Padded {
  std::vector<std::uint8_t> samples;
  std::vector<JSAMPROW> rows;

  Padded(const Plane& plane, std::size_t width, std::size_t height) : samples(width * height) {
    for (std::size_t y = 0; y < height; ++y) {
      std::uint8_t* const to = samples.data() + y * width;
      const std::uint8_t* const from = plane.row(std::min(y, plane.height - 1));
      const std::size_t used = std::min(width, plane.width);
      std::memcpy(to, from, used);
      std::memset(to + used, from[used - 1], width - used);
      rows.push_back(to);
    }
  }
};

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

}  // namespace

Result<std::string> encode_jpeg(const Picture& picture, int quality) {
  const Plane& luma = picture.planes.front();
  const bool grey = picture.model == ColorModel::grey;
  const std::uint32_t divisor = grey ? 1 : jpeg_chroma_divisor(quality);
  const std::size_t width = round_up(luma.width, DCTSIZE * divisor);
  const std::size_t height = round_up(luma.height, DCTSIZE * divisor);
  std::vector<Padded> padded;
  padded.reserve(3);
  Input input{};
  for (std::size_t i = 0; i < (grey ? 1 : picture.planes.size()); ++i) {
    const std::size_t by = i == 0 ? 1 : divisor;
    padded.emplace_back(picture.planes[i], width / by, height / by);
    input.plane_rows.at(i) = padded.back().rows.data();
  }
  input.size = {static_cast<std::uint32_t>(luma.width), static_cast<std::uint32_t>(luma.height)};
  input.quality = quality;
  input.chroma_divisor = divisor;
  input.grey = grey;
  return run(input);
}

Result<std::string> encode_jpeg(const Pixels& pixels, int quality) {
  THUMBMILL_CHECK(pixels.channels == 3);
  std::vector<JSAMPROW> rows;
  const std::size_t stride = std::size_t{pixels.size.width} * 3;
  for (std::size_t y = 0; y < pixels.size.height; ++y) {
    rows.push_back(const_cast<JSAMPROW>(pixels.bytes.data()) + y * stride);
  }
  Input input{};
  input.size = pixels.size;
  input.quality = quality;
  input.chroma_divisor = jpeg_chroma_divisor(quality);
  input.rgb_rows = rows.data();
  return run(input);
}

}  // namespace thumbmill::planar
