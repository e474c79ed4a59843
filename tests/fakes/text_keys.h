// Keys of jobs whose ids tests have as text. For ids alone: other text throws.
#pragma once

#include <string>
#include <string_view>

#include "model/object_key.h"

namespace thumbmill {

inline JobId job_id(std::string_view text) { return JobId::parse(text).value(); }

inline std::string upload_key(std::string_view id) { return upload_key(job_id(id)); }
inline std::string result_key(std::string_view id) { return result_key(job_id(id)); }
inline std::string original_key(std::string_view id) { return original_key(job_id(id)); }
inline std::string dead_key(std::string_view id) { return dead_key(job_id(id)); }
inline std::string deleted_key(std::string_view id) { return deleted_key(job_id(id)); }
inline std::string thumb_key(std::string_view id, std::string_view rendition, ImageFormat format) {
  return thumb_key(job_id(id), rendition, format);
}

}  // namespace thumbmill
