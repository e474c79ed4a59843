// Real files for a kernel's tests, and what libvips makes of them. They are no part of the project:
// THUMBMILL_CORPUS names their folder, else it is ../shared/corpus beside the source tree.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "pictures.h"

namespace thumbmill {

struct CorpusFile {
  std::string name;
  std::string expect;  ///< "thumb", "thumb-or-reject", ..., of its manifest
  std::string bytes;
};

std::string corpus_folder();

/// The files whose names end so; none without the corpus.
std::vector<CorpusFile> corpus_files(const std::vector<std::string>& endings);

/// Fails the test where `end` is not what the manifest expects.
void expect_end(const CorpusFile& file, const Status& end);

/// At most side_px x side_px, in sRGB and on white, by libvips from the whole picture, whatever its
/// loaders can leave out.
Picture thumbnail_by_libvips(const std::string& file, int side_px);

}  // namespace thumbmill
