#include "image/tiff/tiff_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>

#include <tiffio.h>

namespace thumbmill::tiff {
namespace {

struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

// 1: no other handler is asked.
int say_nothing(TIFF*, void*, const char*, const char*, va_list) { return 1; }

}  // namespace

struct TiffFile::Callbacks {
  static TiffFile& file(thandle_t handle) { return *static_cast<TiffFile*>(handle); }

  static tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
    TiffFile& self = file(handle);
    if (size <= 0 || self.position_ >= self.bytes_.size()) return 0;
    const std::string_view rest = self.bytes_.substr(self.position_);
    const std::size_t count = std::min(rest.size(), static_cast<std::size_t>(size));
    std::memcpy(to, rest.data(), count);
    self.position_ += count;
    return static_cast<tmsize_t>(count);
  }

  static tmsize_t write(thandle_t, void*, tmsize_t) { return -1; }

  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    TiffFile& self = file(handle);
    if (whence == SEEK_CUR) offset += self.position_;
    if (whence == SEEK_END) offset += self.bytes_.size();
    self.position_ = offset;
    return offset;
  }

  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return file(handle).bytes_.size(); }

  // libtiff only reads from what it takes for a mapped file.
  static int map(thandle_t handle, void** base, toff_t* size) {
    *base = const_cast<char*>(file(handle).bytes_.data());
    *size = file(handle).bytes_.size();
    return 1;
  }

  static void unmap(thandle_t, void*, toff_t) {}
};

std::unique_ptr<TiffFile> TiffFile::open(std::string_view bytes, std::uint64_t most_bytes_at_once) {
  const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  if (options == nullptr) return nullptr;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<tmsize_t>::max());
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(),
                                      static_cast<tmsize_t>(std::min(most_bytes_at_once, kMost)));
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), say_nothing, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), say_nothing, nullptr);
  std::unique_ptr<TiffFile> file(new TiffFile(bytes));
  file->handle_ = TIFFClientOpenExt("", "r", file.get(), Callbacks::read, Callbacks::write,
                                    Callbacks::seek, Callbacks::close, Callbacks::size,
                                    Callbacks::map, Callbacks::unmap, options.get());
  return file->handle_ == nullptr ? nullptr : std::move(file);
}

TiffFile::~TiffFile() {
  if (handle_ != nullptr) TIFFClose(handle_);
}

}  // namespace thumbmill::tiff
