// Records of ours with one member of another type or size, or none.
#pragma once

#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "fakes/strange_texts.h"

namespace thumbmill {

namespace strange {

inline const std::vector<boost::json::value>& values() {
  static const std::vector<boost::json::value> all = {nullptr,
                                                      true,
                                                      -1,
                                                      0,
                                                      7,
                                                      INT64_MAX,
                                                      INT64_MIN,
                                                      UINT64_MAX,
                                                      0.5,
                                                      -1e300,
                                                      "",
                                                      "text",
                                                      "../../etc",
                                                      boost::json::array(),
                                                      boost::json::array({7, nullptr}),
                                                      boost::json::object(),
                                                      boost::json::string(70'000, 'x')};
  return all;
}

// Puts each of them in the place of each value within `part`, which is a part of `whole`.
inline void replace_each(boost::json::value& part, const boost::json::value& whole,
                         std::vector<std::string>& texts) {
  const boost::json::value before = part;
  for (const boost::json::value& value : values()) {
    part = value;
    texts.push_back(boost::json::serialize(whole));
  }
  part = before;
  if (auto* object = part.if_object()) {
    for (auto& member : *object) replace_each(member.value(), whole, texts);
    for (const auto& member : before.get_object()) {
      object->erase(member.key());
      texts.push_back(boost::json::serialize(whole));
      (*object)[member.key()] = member.value();
    }
  } else if (auto* array = part.if_array()) {
    for (boost::json::value& element : *array) replace_each(element, whole, texts);
  }
}

}  // namespace strange

/// `record`, which is JSON, with each of its values replaced by each of some others, or left out;
/// and strange_texts().
inline std::vector<std::string> strange_records(const std::string& record) {
  std::vector<std::string> texts = strange_texts();
  boost::json::value whole = boost::json::parse(record);
  strange::replace_each(whole, whole, texts);
  return texts;
}

}  // namespace thumbmill
