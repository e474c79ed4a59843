// Files whose headers contradict each other: a container or a directory that declares a small
// picture around a large one, or a large one around nothing. The coded size counts, before memory
// is taken: each ends in a verdict, and takes no more than was asked for.
#include "lying_headers.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <tiffio.h>

#include "bmp/bmp_files.h"
#include "gif/gif_files.h"
#include "image/jpeg/made_jpeg.h"
#include "jxl/made_jxl.h"
#include "png_files.h"
#include "sandbox/memory_limit.h"
#include "tiff_files.h"

namespace thumbmill {
namespace {

using namespace std::string_literals;

// TIFF

std::string tiff_of(tiff::TiffSpec spec) {
  return tiff::write_tiff(spec, [](std::uint32_t, std::uint32_t, std::size_t) { return 0.5; });
}

TEST(LyingHeaders, TiffTags) {
  const std::string strips = tiff_of({});
  const std::string tiles = tiff_of({.tile_width = 16, .tile_height = 16});
  const auto verdict = [](const std::string& file, std::uint16_t tag, std::uint32_t value) {
    SCOPED_TRACE(testing::Message() << tag << " " << value);
    expect_verdict(measure(kernels(), ImageFormat::tiff, tiff::with_tag(file, tag, value)),
                   {Code::too_large, Code::corrupt_input, Code::unsupported, Code::ok});
  };
  for (const std::string& file : {strips, tiles}) {
    for (const std::uint32_t value : {0u, 1u, 9'000u, 65'535u, 30'000u}) {
      for (const std::uint16_t tag :
           {TIFFTAG_IMAGEWIDTH, TIFFTAG_IMAGELENGTH, TIFFTAG_ROWSPERSTRIP, TIFFTAG_TILEWIDTH,
            TIFFTAG_TILELENGTH, TIFFTAG_SAMPLESPERPIXEL}) {
        if (tiff::tag_of(file, tag) != 0) verdict(file, tag, value);
      }
    }
  }
  const auto code = [](const std::string& file) {
    return measure(kernels(), ImageFormat::tiff, file).code;
  };
  EXPECT_EQ(code(tiff::with_tag(strips, TIFFTAG_IMAGEWIDTH, 65'535)), Code::too_large);
  EXPECT_NE(code(tiff::with_tag(tiles, TIFFTAG_TILEWIDTH, 65'520)), Code::ok);
}

// The height in a strip's own header.
TEST(LyingHeaders, JpegInTiff) {
  tiff::TiffSpec spec{.width = 64, .height = 48};
  spec.compression = COMPRESSION_JPEG;
  spec.rows_per_strip = 16;
  const std::string file = tiff_of(spec);
  const std::size_t frame = file.rfind("\xff\xc0\x00"s);
  ASSERT_NE(frame, std::string::npos);
  expect_verdict(ImageFormat::tiff, file, Code::ok);
  // Progressive: libjpeg keeps all coefficients of it.
  std::string tall = with_number(file, frame + 5, 65'500, 2);
  tall[frame + 1] = '\xc2';
  expect_verdict(ImageFormat::tiff, tall, Code::corrupt_input);
}

// Of each strip, as each covers its own part of the picture.
TEST(LyingHeaders, ScansOfJpegInTiff) {
  tiff::TiffSpec spec{.width = 64, .height = 48};
  spec.compression = COMPRESSION_JPEG;
  spec.rows_per_strip = 16;
  const std::string file = tiff_of(spec);
  ImageLimits limits;
  limits.max_scans = 1;
  expect_verdict(ImageFormat::tiff, file, Code::ok, limits);
  limits.max_scans = 0;
  expect_verdict(ImageFormat::tiff, file, Code::too_large, limits);
}

TEST(LyingHeaders, JbigInTiff) {
  if (TIFFIsCODECConfigured(COMPRESSION_JBIG) == 0) GTEST_SKIP() << "libtiff without JBIG";
  for (const std::uint16_t fill : {FILLORDER_MSB2LSB, FILLORDER_LSB2MSB}) {
    tiff::TiffSpec spec{.width = 64, .height = 64, .bits = 1, .samples = 1};
    spec.photometric = PHOTOMETRIC_MINISBLACK;
    spec.compression = COMPRESSION_JBIG;
    spec.rows_per_strip = spec.height;
    spec.fill_order = fill;
    const std::string file = tiff_of(spec);
    expect_verdict(ImageFormat::tiff, file, Code::ok);
    const std::size_t at = tiff::tag_of(file, TIFFTAG_STRIPOFFSETS);
    // Width, height, and planes of 0x7fff or, with the bits the other way round, about as many.
    expect_verdict(ImageFormat::tiff, with_number(file, at + 4, 0x00006006, 4),
                   Code::corrupt_input);
    expect_verdict(ImageFormat::tiff, with_number(file, at + 8, 0x00006006, 4),
                   Code::corrupt_input);
  }
}

// What the compression keeps of earlier rows counts, and is no reason to refuse a true picture.
TEST(LyingHeaders, TiffThatReachesFarBack) {
  for (const std::uint16_t compression : {COMPRESSION_LZMA, COMPRESSION_ZSTD}) {
    if (TIFFIsCODECConfigured(compression) == 0) continue;
    SCOPED_TRACE(compression);
    tiff::TiffSpec spec;
    spec.compression = compression;
    spec.separate = true;
    spec.effort = compression == COMPRESSION_LZMA ? 9 : 22;  // of 64 MiB; of 128 MiB
    const std::string file = tiff_of(spec);
    const MeasuredRun run = measure(kernels(), ImageFormat::tiff, file);
    expect_verdict(run, {Code::ok});
    EXPECT_GE(run.asked_bytes, 3 * (64u << 20));
    if (!has_address_limits()) continue;
    const auto decode = [&] {
      ThumbnailRequest request = request_for(ImageFormat::tiff, file);
      request.admit = [](std::uint64_t) { return Status(); };
      return kernels().make(request, {}).status().code();
    };
    EXPECT_EQ(run_with_memory(run.asked_bytes + kMemorySlackBytes, decode), Code::ok);
  }
}

// JPEG

TEST(LyingHeaders, JpegOfOneProgressiveScan) {
  jpeg::JpegOptions options{.width = 64, .height = 48, .progressive = true};
  options.factors = {{{1, 1}, {1, 1}, {1, 1}}};
  std::string file = jpeg::make_jpeg(options);
  const std::size_t frame = file.find("\xff\xc2"s);
  const std::size_t second = file.find("\xff\xda"s, file.find("\xff\xda"s) + 2);
  ASSERT_NE(frame, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  file = with_number(with_number(file.substr(0, second), frame + 5, 3000, 2), frame + 7, 4000, 2);
  // Wide and low, so that all of the picture is decoded for a rendition that takes little.
  ThumbnailRequest request;
  request.source = Blob(file);
  request.renditions = {{.width_px = 4000, .height_px = 1, .fit = Fit::fill}};
  expect_verdict(measure(kernels(), request), {Code::ok});
}

TEST(LyingHeaders, JpegWithTwoFrames) {
  const std::string file = jpeg::make_jpeg({});
  const std::size_t frame = file.find("\xff\xc0"s);
  const std::size_t size = 2 + static_cast<unsigned char>(file[frame + 3]);
  std::string large = file.substr(frame, size);
  large = with_number(with_number(large, 5, 65'000, 2), 7, 65'000, 2);
  for (const bool first : {true, false}) {
    std::string two = file;
    two.insert(first ? frame : frame + size, large);
    expect_verdict(measure(kernels(), ImageFormat::jpeg, two),
                   {Code::too_large, Code::corrupt_input});
  }
}

// PNG, ICO, BMP

std::string png_of(std::uint32_t width, std::uint32_t height, bool interlaced = false) {
  PngHeader header;
  header.color = PngColor::grey;
  header.depth_bits = 8;
  header.width_px = width;
  header.height_px = height;
  header.interlaced = interlaced;
  return png_of_chunks(
      {png_header_chunk(header), png_chunk("IDAT", zlib_stream("nothing")), png_chunk("IEND", "")});
}

TEST(LyingHeaders, Png) {
  expect_verdict(ImageFormat::png, png_of(20'000, 20'000), Code::too_large);
  expect_verdict(ImageFormat::png, png_of(0x7fffffff, 0x7fffffff), Code::too_large);
  expect_verdict(measure(kernels(), ImageFormat::png, png_of(30'000, 3'000)),
                 {Code::ok, Code::corrupt_input});
  expect_verdict(measure(kernels(), ImageFormat::png, png_of(30'000, 3'000, true)),
                 {Code::ok, Code::corrupt_input});
}

// A directory that declares 16 x 16.
std::string ico_of(const std::string& image) {
  return le(0, 2) + le(1, 2) + le(1, 2) + bytes_of({16, 16, 0, 0}) + le(1, 2) + le(32, 2) +
         le(image.size(), 4) + le(22, 4) + image;
}

TEST(LyingHeaders, Ico) {
  expect_verdict(ImageFormat::ico, ico_of(png_of(20'000, 20'000)), Code::too_large);
  expect_verdict(ImageFormat::ico, ico_of(dib_header({.width = 20'000, .height = 40'000})),
                 Code::too_large);
  expect_verdict(measure(kernels(), ImageFormat::ico,
                         ico_of(dib_header({.width = 30'000, .height = 6'000, .bits = 32}))),
                 {Code::ok, Code::corrupt_input});
}

TEST(LyingHeaders, Bmp) {
  const auto bmp = [](int width, int height, unsigned bits = 24, unsigned compression = 0) {
    return bmp_file({.width = width, .height = height, .bits = bits, .compression = compression},
                    "", "few pixels");
  };
  expect_verdict(ImageFormat::bmp, bmp(20'000, -20'000), Code::too_large);
  expect_verdict(ImageFormat::bmp, bmp(1, -2147483647 - 1), Code::corrupt_input);
  expect_verdict(ImageFormat::bmp, bmp(-5, 5), Code::corrupt_input);
  for (const int height : {3'000, -3'000}) {
    expect_verdict(ImageFormat::bmp, bmp(30'000, height), Code::corrupt_input);
    expect_verdict(measure(kernels(), ImageFormat::bmp, bmp(30'000, height, 8, 1)),
                   {Code::ok, Code::corrupt_input});
  }
}

// GIF

TEST(LyingHeaders, GifFrameOutsideItsScreen) {
  const std::string pixels = gif_pixels("01234567");
  const auto gif = [&](unsigned left, unsigned width, unsigned height, unsigned flags = 0) {
    return gif_screen(1, 1) + gif_descriptor(left, 0, width, height, flags) + pixels + ";";
  };
  constexpr unsigned kInterlaced = 0x40;
  expect_verdict(ImageFormat::gif, gif(0, 60'000, 60'000), Code::too_large);
  expect_verdict(ImageFormat::gif, gif(65'535, 100, 1), Code::too_large);
  for (const unsigned flags : {0u, kInterlaced}) {
    expect_verdict(measure(kernels(), ImageFormat::gif, gif(0, 30'000, 3'000, flags)),
                   {Code::ok, Code::corrupt_input});
    expect_verdict(ImageFormat::gif, gif(0, 8, 1, flags), Code::ok);
  }
}

TEST(LyingHeaders, GifOfManyFrames) {
  std::string file = gif_screen(20'000, 20'000);
  for (int i = 0; i < 20'000; ++i) file += gif_descriptor(0, 0, 0, 0) + gif_pixels("0");
  expect_verdict(ImageFormat::gif, file, Code::corrupt_input);  // none has a pixel
  file += gif_descriptor(0, 0, 1, 1) + gif_pixels("0") + ";";
  expect_verdict(ImageFormat::gif, file, Code::too_large);
}

// WebP

std::string riff_chunk(const std::string& name, const std::string& body) {
  return name + le(body.size(), 4) + body + (body.size() % 2 == 1 ? "\0"s : ""s);
}

std::string riff(const std::string& chunks) {
  return "RIFF" + le(chunks.size() + 4, 4) + "WEBP" + chunks;
}

// The headers of frames, with next to nothing behind them.
std::string lossless_frame(unsigned width, unsigned height) {
  return riff_chunk("VP8L",
                    "\x2f" + le((width - 1) | (height - 1) << 14, 4) + std::string(40, '\0'));
}
std::string lossy_frame(unsigned width, unsigned height) {
  return riff_chunk("VP8 ", bytes_of({0x10, 2, 0, 0x9d, 1, 0x2a}) + le(width, 2) + le(height, 2) +
                                std::string(40, '\0'));
}

std::string canvas(unsigned width, unsigned height, unsigned flags = 0) {
  return riff_chunk("VP8X", le(flags, 4) + le(width - 1, 3) + le(height - 1, 3));
}

std::string animated(unsigned width, unsigned height, const std::string& frame) {
  return riff_chunk("ANIM", std::string(6, '\0')) +
         riff_chunk("ANMF", std::string(6, '\0') + le(width - 1, 3) + le(height - 1, 3) +
                                std::string(4, '\0') + frame);
}

TEST(LyingHeaders, WebpCanvasAndFrames) {
  constexpr unsigned kAnimation = 2;
  for (const auto& frame : {lossless_frame, lossy_frame}) {
    expect_verdict(ImageFormat::webp, riff(frame(16'000, 16'000)), Code::too_large);
    expect_verdict(ImageFormat::webp, riff(canvas(64, 64) + frame(3'000, 3'000)),
                   Code::corrupt_input);
    expect_verdict(ImageFormat::webp, riff(canvas(1 << 24, 1 << 24) + frame(64, 64)),
                   Code::corrupt_input);
    // The frame's own header against its ANMF chunk.
    expect_verdict(ImageFormat::webp,
                   riff(canvas(64, 64, kAnimation) + animated(64, 64, frame(3'000, 3'000))),
                   Code::corrupt_input);
    expect_verdict(
        measure(kernels(), ImageFormat::webp,
                riff(canvas(16'000, 16'000, kAnimation) + animated(64, 64, frame(64, 64)))),
        {Code::too_large});
    expect_verdict(measure(kernels(), ImageFormat::webp, riff(frame(5'000, 4'000))),
                   {Code::ok, Code::corrupt_input});
  }
}

// PNM, TGA, PSD

TEST(LyingHeaders, Pnm) {
  const auto verdict = [](const std::string& file, const std::vector<Code>& codes) {
    expect_verdict(measure(kernels(), ImageFormat::pnm, file), codes);
  };
  verdict("P6 20000 20000 255\n", {Code::too_large});
  verdict("P6 99999999999999999999 1 255\n", {Code::too_large});
  verdict("P6 8 8 0\n" + std::string(192, 'x'), {Code::corrupt_input});
  verdict("P6 8 8 65536\n" + std::string(384, 'x'), {Code::corrupt_input});
  verdict("P5\n" + std::string(1 << 20, '#') + "\n30000 3000 65535\nxx", {Code::corrupt_input});
  std::string comments = "P2\n";
  for (int i = 0; i < 100'000; ++i) comments += "# of many\n";
  verdict(comments + "30000 3000 255\n1 2 3", {Code::corrupt_input});
  verdict("P7\nWIDTH 30000\nHEIGHT 3000\nDEPTH 1024\nMAXVAL 65535\nENDHDR\n",
          {Code::corrupt_input, Code::unsupported});
  verdict("P7\nWIDTH 30000\nHEIGHT 3000\nDEPTH 4294967295\nMAXVAL 255\nENDHDR\n",
          {Code::corrupt_input});
}

TEST(LyingHeaders, Tga) {
  const auto tga = [](unsigned type, unsigned width, unsigned height) {
    return bytes_of({0, 0, type}) + std::string(9, '\0') + le(width, 2) + le(height, 2) +
           bytes_of({32, 8}) + "few pixels";
  };
  for (const unsigned type : {2u, 10u}) {
    expect_verdict(ImageFormat::tga, tga(type, 65'535, 65'535), Code::too_large);
    expect_verdict(ImageFormat::tga, tga(type, 30'000, 3'000), Code::corrupt_input);
  }
}

TEST(LyingHeaders, Psd) {
  const auto psd = [](unsigned channels, unsigned width, unsigned height, unsigned compression) {
    return "8BPS" + big_endian(1, 2) + std::string(6, '\0') + big_endian(channels, 2) +
           big_endian(height, 4) + big_endian(width, 4) + big_endian(16, 2) + big_endian(3, 2) +
           std::string(12, '\0') + big_endian(compression, 2) + "few pixels";
  };
  expect_verdict(ImageFormat::psd, psd(3, 300'000, 300'000, 0), Code::too_large);
  for (const unsigned channels : {3u, 56u, 57u, 65'535u}) {
    for (const unsigned compression : {0u, 1u}) {
      expect_verdict(ImageFormat::psd, psd(channels, 30'000, 3'000, compression),
                     Code::corrupt_input);
    }
  }
}

// JPEG XL

TEST(LyingHeaders, JxlFrameLargerThanThePicture) {
  MadeJxl made;
  made.width = made.height = 64;
  made.frame_side = 2'000;
  made.sample = [](std::size_t, std::uint32_t x, std::uint32_t y) { return (x ^ y) % 7 / 7.0; };
  for (const bool lossless : {true, false}) {
    made.lossless = lossless;
    const std::string file = encode(made);
    expect_verdict(ImageFormat::jxl, file, Code::ok);
    expect_verdict(ImageFormat::jxl, file, Code::too_large, one_megapixel());
  }
}

}  // namespace
}  // namespace thumbmill
