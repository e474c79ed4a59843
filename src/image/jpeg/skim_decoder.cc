#include "image/jpeg/skim_decoder.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "image/jpeg/reduced_idct.h"
#include "image/jpeg/scan_decoder.h"
#include "image/limit_checks.h"

namespace thumbmill::jpeg {
namespace {

// Above it sums of dequantised coefficients might overflow; an 8-bit picture has no use for it.
constexpr std::uint16_t kMaxStep = 4095;
constexpr int kUnseen = 99;
// libjpeg-turbo smooths a progressive picture while one of the first so many coefficients (zigzag,
// DC included) is not known to its last bit (jdcoefct.c, SAVED_COEFS).
constexpr std::size_t kSmoothed = 10;
constexpr std::uint8_t kGrey = 128;  // a block without coefficients

Status declined(std::string_view what) {
  return Status(Code::unsupported, "this variant of the image's format is not supported",
                std::string(what));
}

std::uint32_t divide_up(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint32_t>((a + b - 1) / b);
}

// What is known of a component as its scans go by.
struct State {
  std::uint32_t side = 1;
  std::uint32_t blocks_per_row = 0;  // in memory, whole MCUs
  std::uint32_t block_rows = 0;
  bool seen = false;
  int low = 0;  // bits of the DC coefficients still missing
  std::array<std::int32_t, kLowCoefficients> steps{};
  // Of a progressive picture; see ScanComponent.
  std::size_t kept = 1;
  std::vector<std::int16_t> coefficients;
  std::vector<std::uint64_t> nonzero;
  std::array<int, 64>
      ac_low{};  // bits still missing, by coefficient; kUnseen before its first scan
};

class Skimmer {
 public:
  Skimmer(MarkerReader& markers, std::string_view file, const BlockSides& sides)
      : markers_(markers), frame_(markers.frame()), file_(file) {
    picture_.model = markers.color_model();
    picture_.planes.resize(frame_.count);
    for (std::size_t i = 0; i < frame_.count; ++i) prepare(i, sides[i]);
  }

  Status run(const Scan& first, const ImageLimits& limits) {
    std::optional<Scan> scan = first;
    while (scan) {
      RETURN_IF_ERROR(check_scans(markers_.scans(), limits));
      std::size_t end = 0;
      if (wanted(*scan)) {
        ASSIGN_OR_RETURN(end, decode(*scan));
      } else {
        RETURN_IF_ERROR(note_skipped(*scan, first));
        end = skip_entropy_coded(file_, scan->data_at);
      }
      ASSIGN_OR_RETURN(scan, markers_.next_scan(end));
    }
    for (std::size_t i = 0; i < frame_.count; ++i) {
      if (!states_[i].seen) return declined("a component is missing");
      if (frame_.progressive && is_smoothed(states_[i])) return declined("a scan is missing");
    }
    if (frame_.progressive) finish_progressive();
    return Status();
  }

  Picture take() { return std::move(picture_); }

 private:
  void prepare(std::size_t i, std::uint32_t side) {
    const Component& component = frame_.components[i];
    State& state = states_[i];
    state.side = side;
    state.blocks_per_row = frame_.mcus_per_row() * component.h;
    state.block_rows = frame_.mcu_rows() * component.v;
    Plane& plane = picture_.planes[i];
    // libjpeg's rounding (jdmaster.c), so that sizes are the same.
    const std::uint64_t x = std::uint64_t{frame_.width} * component.h * side;
    const std::uint64_t y = std::uint64_t{frame_.height} * component.v * side;
    plane.width = divide_up(x, 8 * frame_.h_max);
    plane.height = divide_up(y, 8 * frame_.v_max);
    plane.extent_x = static_cast<double>(x) / (8 * frame_.h_max);
    plane.extent_y = static_cast<double>(y) / (8 * frame_.v_max);
    plane.stride = std::size_t{state.blocks_per_row} * side;
    plane.samples.assign(plane.stride * state.block_rows * side, kGrey);
    if (!frame_.progressive) return;
    const std::size_t blocks = std::size_t{state.blocks_per_row} * state.block_rows;
    state.kept = side == 1 ? 1 : side == 2 ? 5 : kLowCoefficients;
    state.coefficients.assign(blocks * state.kept, 0);
    if (side > 1) state.nonzero.assign(blocks, 0);
    state.ac_low.fill(kUnseen);
  }

  bool wanted(const Scan& scan) const {
    if (frame_.progressive) {
      return scan.first == 0 || states_[scan.parts[0].component].side > 1;
    }
    for (std::size_t i = 0; i < frame_.count; ++i) {
      if (!states_[i].seen) return true;
    }
    return false;
  }

  // A scan whose data is stepped over.
  Status note_skipped(const Scan& scan, const Scan& first) {
    if (frame_.progressive) {
      State& state = states_[scan.parts[0].component];
      for (int k = scan.first; k <= scan.last; ++k) {
        state.ac_low[static_cast<std::size_t>(k)] = scan.low;
      }
      return Status();
    }
    // The picture is whole. libjpeg stops here, but for a file whose first scan did not have all
    // components: then it reads to the end, and the last scan of a component counts.
    return first.count == frame_.count ? Status() : declined("two scans of a component");
  }

  static bool is_smoothed(const State& state) {
    return std::any_of(state.ac_low.begin() + 1, state.ac_low.begin() + kSmoothed,
                       [](int low) { return low != 0; });
  }

  // The position behind the scan's data.
  Result<std::size_t> decode(const Scan& scan) {
    ScanWork work;
    RETURN_IF_ERROR(set_up(scan, work));
    EntropySource source(file_, scan.data_at);
    const ScanEnd end = !frame_.progressive ? decode_sequential(work, source)
                        : scan.first == 0   ? decode_progressive_dc(work, source)
                                            : decode_progressive_ac(work, source);
    if (end == ScanEnd::anomaly) return declined("entropy-coded data");
    return source.skip_to_end();
  }

  Status set_up(const Scan& scan, ScanWork& work) {
    work.count = scan.count;
    work.restart_interval = markers_.restart_interval();
    work.high = scan.high;
    work.low = scan.low;
    work.first = static_cast<std::uint32_t>(scan.first);
    work.last = static_cast<std::uint32_t>(scan.last);
    work.mcus_per_row = frame_.mcus_per_row();
    work.mcu_rows = frame_.mcu_rows();
    std::uint32_t blocks = 0;
    for (std::size_t i = 0; i < scan.count; ++i) {
      const Component& component = frame_.components[scan.parts[i].component];
      ScanComponent& part = work.components[i];
      part.h = component.h;
      part.v = component.v;
      blocks += part.h * part.v;
      RETURN_IF_ERROR(set_up(scan, scan.parts[i], part));
    }
    if (blocks > 10 && scan.count > 1) return declined("the blocks in an MCU");  // T.81 B.2.3
    if (scan.count == 1) {
      // Not interleaved (T.81 A.2.2): block by block, without those that fill MCUs up.
      const Component& component = frame_.components[scan.parts[0].component];
      work.components[0].h = work.components[0].v = 1;
      work.mcus_per_row =
          divide_up(divide_up(std::uint64_t{frame_.width} * component.h, frame_.h_max), 8);
      work.mcu_rows =
          divide_up(divide_up(std::uint64_t{frame_.height} * component.v, frame_.v_max), 8);
    }
    return Status();
  }

  Status set_up(const Scan& scan, const Scan::Part& names, ScanComponent& part) {
    State& state = states_[names.component];
    if (!state.seen) {  // a component's table is the one at its first scan (as in libjpeg)
      const QuantTable& table = markers_.quant(frame_.components[names.component].quant_table);
      if (!table.defined) return declined("no quantisation table");
      for (std::size_t k = 0; k < kLowCoefficients; ++k) {
        if (table.steps[k] > kMaxStep) return declined("a quantisation step");
        state.steps[k] = table.steps[k];
      }
    }
    RETURN_IF_ERROR(check_order(scan, state));
    part.steps = state.steps;
    part.side = state.side;
    part.samples = picture_.planes[names.component].samples.data();
    part.coefficients = state.coefficients.data();
    part.nonzero = state.nonzero.data();
    part.kept = state.kept;
    part.stride =
        frame_.progressive ? state.blocks_per_row : picture_.planes[names.component].stride;
    const bool has_dc = scan.first == 0 || !frame_.progressive;
    if (has_dc && (scan.high == 0 || !frame_.progressive)) {
      ASSIGN_OR_RETURN(part.dc, dc_table(names.dc_table));
    }
    if (!has_dc || !frame_.progressive) {
      ASSIGN_OR_RETURN(part.ac, ac_table(names.ac_table));
    }
    return Status();
  }

  // Each coefficient once, and then a bit at a time (T.81 G.1.1.1); DC before AC.
  Status check_order(const Scan& scan, State& state) const {
    if (!frame_.progressive || scan.first == 0) {
      const bool refines = frame_.progressive && scan.high != 0;
      if (refines ? !state.seen || state.low != scan.high : state.seen) {
        return declined("the order of scans");
      }
      state.seen = true;
      state.low = scan.low;
      return Status();
    }
    if (!state.seen) return declined("the order of scans");
    for (int k = scan.first; k <= scan.last; ++k) {
      int& low = state.ac_low[static_cast<std::size_t>(k)];
      if (low != (scan.high == 0 ? kUnseen : scan.high)) return declined("the order of scans");
      low = scan.low;
    }
    return Status();
  }

  Result<const DcTable*> dc_table(std::size_t i) {
    forget_old_tables();
    if (dc_[i] == nullptr) {
      auto table = std::make_unique<DcTable>();
      if (!table->build(markers_.dc(i))) return declined("a Huffman table");
      dc_[i] = std::move(table);
    }
    return const_cast<const DcTable*>(dc_[i].get());
  }

  Result<const AcTable*> ac_table(std::size_t i) {
    forget_old_tables();
    if (ac_[i] == nullptr) {
      bool with_values = false;
      for (const State& state : states_) with_values |= state.side > 1;
      auto table = std::make_unique<AcTable>();
      if (!table->build(markers_.ac(i), with_values)) return declined("a Huffman table");
      ac_[i] = std::move(table);
    }
    return const_cast<const AcTable*>(ac_[i].get());
  }

  void forget_old_tables() {
    if (tables_version_ == markers_.tables_version()) return;
    tables_version_ = markers_.tables_version();
    for (auto& table : dc_) table.reset();
    for (auto& table : ac_) table.reset();
  }

  void finish_progressive() {
    for (std::size_t i = 0; i < frame_.count; ++i) {
      const State& state = states_[i];
      Plane& plane = picture_.planes[i];
      const std::int16_t* values = state.coefficients.data();
      for (std::size_t y = 0; y < state.block_rows; ++y) {
        std::uint8_t* const row = plane.row(y * state.side);
        for (std::size_t x = 0; x < state.blocks_per_row; ++x, values += state.kept) {
          idct_low(values, state.steps.data(), state.side, row + x * state.side, plane.stride);
        }
      }
    }
  }

  MarkerReader& markers_;
  const Frame frame_;
  std::string_view file_;
  Picture picture_;
  std::array<State, kMaxComponents> states_;
  std::uint32_t tables_version_ = 0;
  std::array<std::unique_ptr<DcTable>, kTables> dc_;
  std::array<std::unique_ptr<AcTable>, kTables> ac_;
};

}  // namespace

Result<Picture> skim(MarkerReader& markers, std::string_view file, const Scan& first,
                     const BlockSides& sides, const ImageLimits& limits) {
  Skimmer skimmer(markers, file, sides);
  RETURN_IF_ERROR(skimmer.run(first, limits));
  return skimmer.take();
}

}  // namespace thumbmill::jpeg
