#include "jp2/made_jp2.h"

#include <array>
#include <cstring>
#include <memory>

#include <openjpeg.h>

#include "base/status.h"

namespace thumbmill {
namespace {

struct Sink {
  std::string bytes;
  std::size_t at = 0;
};

OPJ_SIZE_T write(void* from, OPJ_SIZE_T count, void* user) {
  auto& sink = *static_cast<Sink*>(user);
  if (sink.bytes.size() < sink.at + count) sink.bytes.resize(sink.at + count);
  std::memcpy(sink.bytes.data() + sink.at, from, count);
  sink.at += count;
  return count;
}

OPJ_OFF_T skip(OPJ_OFF_T count, void* user) {
  static_cast<Sink*>(user)->at += static_cast<std::size_t>(count);
  return count;
}

OPJ_BOOL seek(OPJ_OFF_T position, void* user) {
  static_cast<Sink*>(user)->at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

opj_image_t* make_image(const MadeCodestream& made) {
  const auto up = [](std::uint32_t value, std::uint32_t by) { return (value + by - 1) / by; };
  std::vector<opj_image_cmptparm_t> parameters;
  for (const MadeComponent& c : made.components) {
    opj_image_cmptparm_t p{};
    p.dx = c.dx;
    p.dy = c.dy;
    p.x0 = made.left;
    p.y0 = made.top;
    p.w = up(made.left + made.width, c.dx) - up(made.left, c.dx);
    p.h = up(made.top + made.height, c.dy) - up(made.top, c.dy);
    p.prec = c.bits;
    p.sgnd = c.is_signed ? 1 : 0;
    parameters.push_back(p);
  }
  opj_image_t* const image = opj_image_create(static_cast<OPJ_UINT32>(parameters.size()),
                                              parameters.data(), OPJ_CLRSPC_UNSPECIFIED);
  THUMBMILL_CHECK(image != nullptr);
  image->x0 = made.left;
  image->y0 = made.top;
  image->x1 = made.left + made.width;
  image->y1 = made.top + made.height;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const opj_image_comp_t& c = image->comps[i];
    for (std::uint32_t y = 0; y < c.h; ++y) {
      for (std::uint32_t x = 0; x < c.w; ++x) c.data[y * c.w + x] = made.sample(i, x, y);
    }
  }
  return image;
}

}  // namespace

std::string encode(const MadeCodestream& made) {
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.numresolution = made.levels + 1;
  parameters.irreversible = made.irreversible ? 1 : 0;
  parameters.prog_order = made.resolutions_first ? OPJ_RLCP : OPJ_LRCP;
  parameters.tcp_numlayers = 1;
  parameters.cp_disto_alloc = 1;
  parameters.tcp_mct =
      made.components.size() == 3 && made.components[1].dx == 1 && made.components[1].dy == 1 ? 1
                                                                                              : 0;
  if (made.tile_side > 0) {
    parameters.tile_size_on = OPJ_TRUE;
    parameters.cp_tdx = parameters.cp_tdy = static_cast<int>(made.tile_side);
  }
  opj_image_t* const image = make_image(made);
  opj_codec_t* const codec = opj_create_compress(OPJ_CODEC_J2K);
  opj_stream_t* const stream = opj_stream_create(1 << 16, OPJ_STREAM_WRITE);
  Sink sink;
  opj_stream_set_write_function(stream, write);
  opj_stream_set_skip_function(stream, skip);
  opj_stream_set_seek_function(stream, seek);
  opj_stream_set_user_data(stream, &sink, nullptr);
  THUMBMILL_CHECK(opj_setup_encoder(codec, &parameters, image) != OPJ_FALSE &&
                  opj_start_compress(codec, image, stream) != OPJ_FALSE &&
                  opj_encode(codec, stream) != OPJ_FALSE &&
                  opj_end_compress(codec, stream) != OPJ_FALSE);
  opj_stream_destroy(stream);
  opj_destroy_codec(codec);
  opj_image_destroy(image);
  return sink.bytes;
}

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string jp2_box(const std::string& type, const std::string& contents) {
  return big_endian(contents.size() + 8, 4) + type + contents;
}

std::string color_box(std::uint32_t number) {
  return jp2_box("colr", std::string("\1\0\0", 3) + big_endian(number, 4));
}

std::string profile_box(const std::string& profile) {
  return jp2_box("colr", std::string("\2\0\0", 3) + profile);
}

std::string definition_box(const std::vector<std::array<int, 3>>& channels) {
  std::string contents = big_endian(channels.size(), 2);
  for (const auto& channel : channels) {
    for (const int value : channel) contents += big_endian(static_cast<std::uint64_t>(value), 2);
  }
  return jp2_box("cdef", contents);
}

std::string jp2_file(const std::string& header, const std::string& codestream) {
  return jp2_box("jP  ", "\r\n\x87\n") + jp2_box("ftyp", std::string("jp2 \0\0\0\0jp2 ", 12)) +
         jp2_box("jp2h", header) + jp2_box("jp2c", codestream);
}

}  // namespace thumbmill
