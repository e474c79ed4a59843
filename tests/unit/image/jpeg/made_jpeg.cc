#include "image/jpeg/made_jpeg.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <jpeglib.h>

namespace thumbmill::jpeg {
namespace {

// libjpeg's own handler prints and exits: a test's failure. Its warnings are expected.
void say_nothing(j_common_ptr, int) {}

struct Reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};

  explicit Reader(const std::string& file) {
    info.err = jpeg_std_error(&errors);
    errors.emit_message = say_nothing;
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
    jpeg_read_header(&info, TRUE);
  }
  ~Reader() { jpeg_destroy_decompress(&info); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

std::vector<std::uint8_t> make_pixels(const JpegOptions& options) {
  std::mt19937 random(options.seed);
  const auto bands = static_cast<std::size_t>(options.components);
  std::vector<std::uint8_t> pixels(options.width * options.height * bands);
  std::size_t at = 0;
  for (std::uint32_t y = 0; y < options.height; ++y) {
    for (std::uint32_t x = 0; x < options.width; ++x) {
      for (std::size_t band = 0; band < bands; ++band) {
        const double phase = static_cast<double>(band) + options.seed;
        const double shape = 110 + 90 * std::sin(x * 0.11 + phase) * std::cos(y * 0.07 - phase);
        const int noise = static_cast<int>(random() % 64) - 32;
        pixels[at++] =
            static_cast<std::uint8_t>(std::clamp(static_cast<int>(shape) + noise, 0, 255));
      }
    }
  }
  return pixels;
}

void describe(jpeg_compress_struct& info, const JpegOptions& options,
              std::vector<jpeg_scan_info>& scans) {
  info.image_width = options.width;
  info.image_height = options.height;
  info.input_components = options.components;
  info.in_color_space = options.components == 1   ? JCS_GRAYSCALE
                        : options.components == 4 ? JCS_CMYK
                                                  : JCS_RGB;
  jpeg_set_defaults(&info);
  if (options.components == 4) {
    jpeg_set_colorspace(&info, options.ycck ? JCS_YCCK : JCS_CMYK);
    info.write_Adobe_marker = options.adobe ? TRUE : FALSE;
  }
  if (options.rgb) jpeg_set_colorspace(&info, JCS_RGB);
  jpeg_set_quality(&info, options.quality, TRUE);
  info.restart_interval = static_cast<unsigned>(options.restart_interval);
  info.optimize_coding = options.optimized ? TRUE : FALSE;
  info.arith_code = options.arithmetic ? TRUE : FALSE;
  for (int i = 0; i < options.components && options.components < 4; ++i) {
    const auto [h, v] = options.factors.at(static_cast<std::size_t>(i));
    info.comp_info[i].h_samp_factor = h;
    info.comp_info[i].v_samp_factor = v;
  }
  int blocks = 0;
  for (int i = 0; i < options.components; ++i) {
    blocks += info.comp_info[i].h_samp_factor * info.comp_info[i].v_samp_factor;
  }
  if (options.progressive) {
    jpeg_simple_progression(&info);
    if (blocks > 10) {  // more than an MCU may have: DC scans of one component each
      scans.assign(info.scan_info, info.scan_info + info.num_scans);
      std::vector<jpeg_scan_info> apart;
      for (const jpeg_scan_info& scan : scans) {
        for (int i = 0; i < scan.comps_in_scan; ++i) {
          jpeg_scan_info one = scan;
          one.comps_in_scan = 1;
          one.component_index[0] = scan.component_index[i];
          apart.push_back(one);
        }
      }
      scans = apart;
      info.scan_info = scans.data();
      info.num_scans = static_cast<int>(scans.size());
    }
  } else if (!options.interleaved || blocks > 10) {
    for (int i = 0; i < options.components; ++i) {
      jpeg_scan_info scan{};
      scan.comps_in_scan = 1;
      scan.component_index[0] = i;
      scan.Se = 63;
      scans.push_back(scan);
    }
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
}

}  // namespace

std::string make_jpeg(const JpegOptions& options) {
  return make_jpeg(options, make_pixels(options));
}

std::string make_jpeg(const JpegOptions& options, const std::vector<std::uint8_t>& pixels) {
  std::vector<jpeg_scan_info> scans;
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  describe(info, options, scans);
  jpeg_start_compress(&info, TRUE);
  const std::size_t stride = options.width * static_cast<std::size_t>(options.components);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels.data() + info.next_scanline * stride);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<const char*>(bytes), size);
  std::free(bytes);
  return file;
}

RgbPixels libjpeg_pixels(const std::string& file, int side) {
  Reader reader(file);
  jpeg_decompress_struct& info = reader.info;
  info.scale_num = static_cast<unsigned>(side);
  info.scale_denom = 8;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  RgbPixels pixels{info.output_width, info.output_height, {}};
  const std::size_t stride = std::size_t{pixels.width} * 3;
  pixels.bytes.resize(stride * pixels.height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels.bytes.data() + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  return pixels;
}

ReferencePlane libjpeg_plane(const std::string& file, int side, std::size_t component) {
  Reader reader(file);
  jpeg_decompress_struct& info = reader.info;
  info.scale_num = static_cast<unsigned>(side);
  info.scale_denom = 8;
  info.raw_data_out = TRUE;
  info.out_color_space = info.jpeg_color_space;
  jpeg_start_decompress(&info);
  std::vector<std::vector<std::uint8_t>> buffers;
  std::vector<std::vector<JSAMPROW>> rows;
  std::vector<JSAMPARRAY> arrays;
  for (int i = 0; i < info.num_components; ++i) {
    const jpeg_component_info& part = info.comp_info[i];
    const std::size_t stride = (part.width_in_blocks + 4) * std::size_t{DCTSIZE} + 64;
    const auto lines = static_cast<std::size_t>(part.v_samp_factor * part.DCT_scaled_size);
    buffers.emplace_back(stride * lines);
    rows.emplace_back();
    for (std::size_t y = 0; y < lines; ++y)
      rows.back().push_back(buffers.back().data() + y * stride);
  }
  for (auto& row : rows) arrays.push_back(row.data());
  ReferencePlane plane;
  plane.width = info.comp_info[component].downsampled_width;
  plane.height = info.comp_info[component].downsampled_height;
  const auto lines = static_cast<JDIMENSION>(info.max_v_samp_factor * info.min_DCT_scaled_size);
  while (info.output_scanline < info.output_height) {
    jpeg_read_raw_data(&info, arrays.data(), lines);
    for (const JSAMPROW row : rows[component]) {
      if (plane.samples.size() < plane.width * plane.height) {
        plane.samples.insert(plane.samples.end(), row, row + plane.width);
      }
    }
  }
  return plane;
}

ReferenceCoefficients libjpeg_coefficients(const std::string& file, int component) {
  Reader reader(file);
  jpeg_decompress_struct& info = reader.info;
  jvirt_barray_ptr* const arrays = jpeg_read_coefficients(&info);
  const jpeg_component_info& part = info.comp_info[component];
  ReferenceCoefficients made;
  made.blocks_per_row = part.width_in_blocks;
  made.block_rows = part.height_in_blocks;
  for (JDIMENSION y = 0; y < part.height_in_blocks; ++y) {
    JBLOCKARRAY row = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info),
                                                   arrays[component], y, 1, FALSE);
    for (JDIMENSION x = 0; x < part.width_in_blocks; ++x) {
      for (std::size_t k = 0; k < 64; ++k) {
        made.values.push_back(row[0][x][k] * part.quant_table->quantval[k]);
      }
    }
  }
  return made;
}

}  // namespace thumbmill::jpeg
