#include "corpus_files.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

namespace thumbmill {

std::string corpus_folder() {
  const char* named = std::getenv("THUMBMILL_CORPUS");
  return named != nullptr ? named : THUMBMILL_SOURCE_DIR "/../shared/corpus";
}

std::vector<CorpusFile> corpus_files(const std::vector<std::string>& endings) {
  std::vector<CorpusFile> files;
  std::ifstream manifest(corpus_folder() + "/manifest.tsv");
  for (std::string line; std::getline(manifest, line);) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
    const bool wanted = fields.size() > 5 &&
                        std::any_of(endings.begin(), endings.end(), [&](const std::string& ending) {
                          return fields[0].ends_with(ending);
                        });
    if (!wanted) continue;
    std::ifstream file(corpus_folder() + "/" + fields[0], std::ios::binary);
    files.push_back({fields[0], fields[5], {std::istreambuf_iterator<char>(file), {}}});
  }
  return files;
}

void expect_end(const CorpusFile& file, const Status& end) {
  const bool refused = end.code() == Code::corrupt_input || end.code() == Code::unsupported ||
                       end.code() == Code::too_large;
  EXPECT_TRUE(end.ok() || refused) << end.to_string();
  EXPECT_TRUE(end.ok() || file.expect != "thumb") << end.to_string();
  EXPECT_TRUE(refused || file.expect != "reject") << "a thumbnail";
}

Picture thumbnail_by_libvips(const std::string& file, int side_px) {
  const auto must = [](auto operation) { return make_image(std::move(operation)).value(); };
  const VipsImagePtr whole = must([&](VipsImage** out) {
    *out = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
    return *out == nullptr ? -1 : 0;
  });
  const VipsImagePtr small = must([&](VipsImage** out) {
    // Without a profile to begin with, libvips would go by way of linear light.
    const char* const profile =
        vips_image_get_typeof(whole.get(), VIPS_META_ICC_NAME) != 0 ? "srgb" : nullptr;
    return vips_thumbnail_image(whole.get(), out, side_px, "height", side_px, "size",
                                VIPS_SIZE_DOWN, profile == nullptr ? nullptr : "export-profile",
                                profile, nullptr);
  });
  if (vips_image_hasalpha(small.get()) == 0) {
    return decode_picture(write_picture(small.get(), ".png[strip]"));
  }
  const double white = 255;
  const std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)> background(
      vips_array_double_new(&white, 1),
      [](VipsArrayDouble* array) { vips_area_unref(VIPS_AREA(array)); });
  const VipsImagePtr opaque = must([&](VipsImage** out) {
    return vips_flatten(small.get(), out, "background", background.get(), nullptr);
  });
  return decode_picture(write_picture(opaque.get(), ".png[strip]"));
}

}  // namespace thumbmill
