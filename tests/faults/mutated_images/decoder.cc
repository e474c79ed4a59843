// The zygotes of mutated_images: "own" is thumbmill-decoder, "codecs" is thumbmill-codecs, by the
// first argument. Each image is announced by the process's id on standard error, by which the
// parent finds a sanitizer's report.
//
// With a flaw's name as a second argument it has that flaw, on every image whose size is a multiple
// of kFlawedSize: what proves that mutated_images sees it.
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include <lcms2.h>
#include <unistd.h>

#include "decoder/kernels.h"
#include "decoder/own_kernels.h"
#include "sandbox/decoder_main.h"
#include "sandbox/zygote_main.h"

namespace thumbmill {
namespace {

constexpr std::uint64_t kFlawedSize = 5;

Status be_flawed(std::string_view flaw) {
  static volatile int eight = 8;  // that the compiler does not know
  if (flaw == "overflow") {
    int* volatile values = static_cast<int*>(std::malloc(sizeof(int) * 8));
    values[eight] = 1;
    std::free(values);
  }
  if (flaw == "undefined") eight = INT_MAX - 7 + eight;
  if (flaw == "library") (void)cmsGetColorSpace(reinterpret_cast<cmsHPROFILE>(eight * 1L));
  if (flaw == "invariant") THUMBMILL_CHECK(eight == 9);
  if (flaw == "internal") return Status(Code::internal, "our own fault");
  return Status();
}

class WatchedThumbnailer final : public Thumbnailer {
 public:
  WatchedThumbnailer(Thumbnailer& inner, std::string_view flaw) : inner_(inner), flaw_(flaw) {}

  Result<Thumbnails> make(const ThumbnailRequest& request, const OpContext& context) override {
    std::fprintf(stderr, "process %d\n", ::getpid());
    // Not on the image that a decoder practises on, which is of no test's making.
    if (!flaw_.empty() && request.source.fd() >= 0 && request.source.size() % kFlawedSize == 0) {
      RETURN_IF_ERROR(be_flawed(flaw_));
    }
    return inner_.make(request, context);
  }

 private:
  Thumbnailer& inner_;
  const std::string_view flaw_;
};

}  // namespace
}  // namespace thumbmill

int main(int argc, char** argv) {
  using namespace thumbmill;
  std::unique_ptr<Thumbnailer> kernels = make_own_kernels();
  if (argc > 1 && std::string_view(argv[1]) == "codecs") {
    auto all = make_kernels();
    if (!all.ok()) return EXIT_FAILURE;
    kernels = std::move(all).value();
  }
  WatchedThumbnailer watched(*kernels, argc > 2 ? argv[2] : "");
  return zygote_main(kDecoderSocket, watched);
}
