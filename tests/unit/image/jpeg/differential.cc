#include "image/jpeg/differential.h"

#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <jpeglib.h>

#include "image/jpeg/reduced_idct.h"
#include "image/jpeg/scan_decoder.h"
#include "image/jpeg/skim_decoder.h"
#include "image/jpeg/turbo_decoder.h"

namespace thumbmill::jpeg {
namespace {

constexpr std::uint64_t kMostPixels = 4 << 20;
constexpr std::array<std::uint32_t, 3> kSides{1, 2, 4};

// Of the first coefficients in zigzag order (T.81 figure A.6), in natural order.
constexpr std::uint8_t kNatural[kLowCoefficients] = {
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27};

// The low coefficients that libjpeg reads of a component.
struct Coefficients {
  std::uint32_t h = 1;
  std::uint32_t v = 1;
  std::size_t blocks_per_row = 0;
  std::size_t block_rows = 0;
  std::array<std::int32_t, kLowCoefficients> steps{};
  std::vector<std::int16_t> values;  // kLowCoefficients a block
};

struct Reading {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t h_max = 1;
  std::uint32_t v_max = 1;
  std::vector<Coefficients> components;
};

struct Session {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  std::jmp_buf jump;
  jvirt_barray_ptr* arrays;
};

[[noreturn]] void leave(j_common_ptr info) {
  std::longjmp(static_cast<Session*>(info->client_data)->jump, 1);
}

void say_nothing(j_common_ptr, int) {}

bool open(Session& session, const std::string& file) {
  session.info.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = leave;
  session.errors.emit_message = say_nothing;
  session.info.client_data = &session;
  if (setjmp(session.jump) != 0) return false;
  jpeg_create_decompress(&session.info);
  session.info.client_data = &session;
  jpeg_mem_src(&session.info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_read_header(&session.info, TRUE);
  return true;
}

bool read_arrays(Session& session) {
  if (setjmp(session.jump) != 0) return false;
  session.arrays = jpeg_read_coefficients(&session.info);
  return true;
}

// As read by jpeg_read_coefficients(), which goes on to EOI. Decoding to pixels stops behind a
// first scan that has all components, and whatever fails behind it does not count.
bool read_to_the_end(Session& session, bool one_scan) {
  constexpr int kEoi = 0xd9;
  if (read_arrays(session)) return true;
  jpeg_decompress_struct& info = session.info;
  if (!one_scan || info.input_iMCU_row < info.total_iMCU_rows) return false;
  info.unread_marker = kEoi;
  return read_arrays(session);
}

Coefficients copy_of(Session& session, int i) {
  const jpeg_component_info& part = session.info.comp_info[i];
  Coefficients made;
  made.h = static_cast<std::uint32_t>(part.h_samp_factor);
  made.v = static_cast<std::uint32_t>(part.v_samp_factor);
  made.blocks_per_row = part.width_in_blocks;
  made.block_rows = part.height_in_blocks;
  for (std::size_t k = 0; k < kLowCoefficients && part.quant_table != nullptr; ++k) {
    made.steps[k] = part.quant_table->quantval[kNatural[k]];
  }
  made.values.reserve(made.blocks_per_row * made.block_rows * kLowCoefficients);
  for (JDIMENSION y = 0; y < part.height_in_blocks; ++y) {
    const JBLOCKARRAY row = session.info.mem->access_virt_barray(
        reinterpret_cast<j_common_ptr>(&session.info), session.arrays[i], y, 1, FALSE);
    for (JDIMENSION x = 0; x < part.width_in_blocks; ++x) {
      for (const std::uint8_t k : kNatural) made.values.push_back(row[0][x][k]);
    }
  }
  return made;
}

// Without components when libjpeg refuses the file.
Reading read_with_libjpeg(const std::string& file) {
  Session session{};
  Reading reading;
  if (open(session, file)) {
    jpeg_decompress_struct& info = session.info;
    reading.width = info.image_width;
    reading.height = info.image_height;
    // Now, for a second frame header would write over it before it is refused.
    const int count = info.num_components;
    if (read_to_the_end(session, info.progressive_mode == 0 && info.comps_in_scan == count)) {
      for (int i = 0; i < count; ++i) reading.components.push_back(copy_of(session, i));
    }
  }
  for (const Coefficients& component : reading.components) {
    reading.h_max = std::max(reading.h_max, component.h);
    reading.v_max = std::max(reading.v_max, component.v);
  }
  jpeg_destroy_decompress(&session.info);
  return reading;
}

Result<Picture> skim_file(const std::string& file, std::uint32_t side) {
  MarkerReader markers(file);
  ASSIGN_OR_RETURN(const auto scan, markers.next_scan(0));
  if (!scan) return Status(Code::corrupt_input, "no scan");
  return skim(markers, file, *scan, {side, side, side}, {});
}

std::string at(std::size_t component, std::size_t x, std::size_t y) {
  return "component " + std::to_string(component) + " at " + std::to_string(x) + ", " +
         std::to_string(y);
}

// A component's samples against the coefficients.
std::string difference(const Plane& plane, const Coefficients& expected, std::uint32_t side,
                       std::size_t component) {
  std::uint8_t block[16];
  for (std::size_t y = 0; y < plane.height; y += side) {
    for (std::size_t x = 0; x < plane.width; x += side) {
      const std::size_t at_block = y / side * expected.blocks_per_row + x / side;
      idct_low(expected.values.data() + at_block * kLowCoefficients, expected.steps.data(), side,
               block, side);
      for (std::size_t v = 0; v < side && y + v < plane.height; ++v) {
        for (std::size_t h = 0; h < side && x + h < plane.width; ++h) {
          if (plane.row(y + v)[x + h] != block[v * side + h]) return at(component, x + h, y + v);
        }
      }
    }
  }
  return {};
}

std::size_t scaled(std::uint64_t pixels, std::uint32_t factor, std::uint32_t side,
                   std::uint32_t most) {
  return (pixels * factor * side + 8 * most - 1) / (8 * most);
}

std::string difference(const Picture& picture, const Reading& reading, std::uint32_t side) {
  if (picture.planes.size() != reading.components.size()) return "the number of components";
  for (std::size_t i = 0; i < picture.planes.size(); ++i) {
    const Plane& plane = picture.planes[i];
    const Coefficients& expected = reading.components[i];
    if (plane.width != scaled(reading.width, expected.h, side, reading.h_max) ||
        plane.height != scaled(reading.height, expected.v, side, reading.v_max)) {
      return "the size of component " + std::to_string(i);
    }
    const std::string where = difference(plane, expected, side, i);
    if (!where.empty()) return where;
  }
  return {};
}

// Components of full resolution at 1/8: those that libjpeg does not decode at a larger scale.
std::string difference(const Picture& picture, const Picture& expected) {
  if (picture.model != expected.model) return "the colour model";
  for (std::size_t i = 0; i < picture.planes.size(); ++i) {
    const Plane& mine = picture.planes[i];
    const Plane& theirs = expected.planes[i];
    if (mine.stride != theirs.stride) continue;
    if (mine.width != theirs.width || mine.height != theirs.height) return "the size in pixels";
    for (std::size_t y = 0; y < mine.height; ++y) {
      const auto [a, b] = std::mismatch(mine.row(y), mine.row(y) + mine.width, theirs.row(y));
      if (a != mine.row(y) + mine.width) {
        return "libjpeg-turbo's samples: " + at(i, static_cast<std::size_t>(a - mine.row(y)), y);
      }
    }
  }
  return {};
}

// To either of the two; everybody else asks check_size() first.
bool claims_too_much(const std::string& file) {
  const auto header = read_turbo_header(file);
  MarkerReader markers(file);
  (void)markers.next_scan(0);
  return std::uint64_t{markers.frame().width} * markers.frame().height > kMostPixels ||
         (header.ok() && std::uint64_t{header->size.width} * header->size.height > kMostPixels);
}

}  // namespace

Comparison compare_decoders(const std::string& file) {
  Comparison comparison;
  if (claims_too_much(file)) {
    comparison.verdicts.fill(Verdict::too_large);
    return comparison;
  }
  const auto turbo = decode_with_turbo(file, 1);
  Reading reading;
  for (std::size_t i = 0; i < kSides.size(); ++i) {
    const auto quick = skim_file(file, kSides[i]);
    if (!quick.ok() || !turbo.ok()) {
      comparison.verdicts[i] = turbo.ok()   ? Verdict::handed_over
                               : quick.ok() ? Verdict::only_quick
                                            : Verdict::refused;
      continue;
    }
    if (reading.components.empty()) reading = read_with_libjpeg(file);
    std::string where = difference(*quick, reading, kSides[i]);
    if (where.empty() && kSides[i] == 1) where = difference(*quick, *turbo);
    comparison.verdicts[i] = where.empty() ? Verdict::same : Verdict::different;
    if (!where.empty() && comparison.difference.empty()) {
      comparison.difference = "at " + std::to_string(kSides[i]) + "/8: " + where;
    }
  }
  return comparison;
}

void Tally::add(const Comparison& comparison) {
  for (const Verdict verdict : comparison.verdicts) ++counts_[static_cast<std::size_t>(verdict)];
}

std::ostream& operator<<(std::ostream& out, const Tally& tally) {
  return out << tally.count(Verdict::same) << " decoded by the quick decoder as by libjpeg-turbo, "
             << tally.count(Verdict::handed_over) << " handed over, "
             << tally.count(Verdict::refused) << " refused by both, "
             << tally.count(Verdict::only_quick) << " refused by libjpeg-turbo alone, "
             << tally.count(Verdict::too_large) << " too large to compare, "
             << tally.count(Verdict::different) << " different";
}

}  // namespace thumbmill::jpeg
