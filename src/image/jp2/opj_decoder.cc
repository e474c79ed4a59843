#include "image/jp2/opj_decoder.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <openjpeg.h>

#include "image/limit_checks.h"

namespace thumbmill::jp2 {
namespace {

struct DestroyCodec {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct DestroyStream {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
using Codec = std::unique_ptr<opj_codec_t, DestroyCodec>;
using Stream = std::unique_ptr<opj_stream_t, DestroyStream>;

struct Source {
  std::string_view bytes;
  std::size_t at = 0;

  std::size_t left() const { return bytes.size() - at; }
};

constexpr auto kEnd = static_cast<OPJ_SIZE_T>(-1);

OPJ_SIZE_T read(void* to, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const std::size_t taken = std::min<std::size_t>(count, source.left());
  if (taken == 0) return kEnd;
  std::memcpy(to, source.bytes.data() + source.at, taken);
  source.at += taken;
  return taken;
}

// Past the end it stays at the end, as OpenJPEG expects of a cut off file.
OPJ_OFF_T skip(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  source.at += std::min(static_cast<std::size_t>(count), source.left());
  return count;
}

OPJ_BOOL seek(OPJ_OFF_T position, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (position < 0 || static_cast<std::size_t>(position) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

// OpenJPEG's errors have no codes, only words.
struct Errors {
  std::string first;
  bool no_memory = false;
};

void ignore(const char*, void*) {}

// Called by C.
void note(const char* message, void* user) noexcept {
  auto& errors = *static_cast<Errors*>(user);
  try {
    const std::string text(message);
    for (const char* words : {"emory", "exceeds system limits"}) {
      errors.no_memory |= text.find(words) != std::string::npos;
    }
    if (errors.first.empty()) errors.first = text.substr(0, text.find('\n'));
  } catch (const std::bad_alloc&) {
    errors.no_memory = true;
  }
}

Status failure(const Errors& errors) {
  if (errors.no_memory) {
    return no_memory();
  }
  return Status(Code::corrupt_input, "the image cannot be decoded", "OpenJPEG: " + errors.first);
}

Stream make_stream(Source& source) {
  constexpr OPJ_SIZE_T kBufferBytes = 64 << 10;
  Stream stream(opj_stream_create(kBufferBytes, OPJ_STREAM_READ));
  if (stream == nullptr) throw std::bad_alloc();
  opj_stream_set_read_function(stream.get(), read);
  opj_stream_set_skip_function(stream.get(), skip);
  opj_stream_set_seek_function(stream.get(), seek);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source.bytes.size());
  return stream;
}

Codec make_codec(Errors& errors) {
  Codec codec(opj_create_decompress(OPJ_CODEC_J2K));
  if (codec == nullptr) throw std::bad_alloc();
  opj_set_info_handler(codec.get(), ignore, nullptr);
  opj_set_warning_handler(codec.get(), ignore, nullptr);
  opj_set_error_handler(codec.get(), note, &errors);
  return codec;
}

}  // namespace

void DestroyImage::operator()(opj_image* image) const { opj_image_destroy(image); }

Result<Image> decode_codestream(std::string_view codestream, std::uint32_t reduction) {
  Source source{codestream};
  Errors errors;
  const Stream stream = make_stream(source);
  const Codec codec = make_codec(errors);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  parameters.cp_reduce = reduction;
  opj_image_t* opened = nullptr;
  // The other mode shows files that are cut off, and reads past their ends: it was repaired in
  // 2.5.3 (OpenJPEG's c33e3d4a and f3b28c5e).
  const bool ready = opj_setup_decoder(codec.get(), &parameters) != OPJ_FALSE &&
                     opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) != OPJ_FALSE &&
                     opj_read_header(stream.get(), codec.get(), &opened) != OPJ_FALSE;
  Image image(opened);
  if (!ready || image == nullptr) return failure(errors);
  if (opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE) return failure(errors);
  for (std::size_t i = 0; i < image->numcomps; ++i) {
    const opj_image_comp_t& component = image->comps[i];
    if (component.data == nullptr || component.w == 0 || component.h == 0) return failure(errors);
  }
  return image;
}

}  // namespace thumbmill::jp2
