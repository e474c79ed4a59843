#include "unit/api/json_schema.h"

#include <algorithm>
#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace thumbmill {
namespace {

namespace bj = boost::json;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return text;
}

bool is_type(const bj::value& value, std::string_view type) {
  const bool whole = value.is_int64() || value.is_uint64();
  return (type == "object" && value.is_object()) || (type == "array" && value.is_array()) ||
         (type == "string" && value.is_string()) || (type == "boolean" && value.is_bool()) ||
         (type == "null" && value.is_null()) || (type == "integer" && whole) ||
         (type == "number" && (whole || value.is_double()));
}

bool has_type(const bj::value& value, const bj::value& types) {
  if (types.is_string()) return is_type(value, types.as_string());
  return std::ranges::any_of(
      types.as_array(), [&](const bj::value& type) { return is_type(value, type.as_string()); });
}

void collect(const bj::value& value, std::string_view key, std::set<std::string>& found) {
  if (value.is_array()) {
    for (const bj::value& item : value.as_array()) collect(item, key, found);
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.as_object()) {
      if (name == key && member.is_string()) found.emplace(member.as_string());
      collect(member, key, found);
    }
  }
}

// "#/a/b" as a JSON pointer into the document.
std::string pointer_of(const std::string& reference) { return reference.substr(1); }

// Security schemes are named by the operations that take them, not by a reference.
void collect_schemes(const bj::value& document, std::set<std::string>& found) {
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      const bj::value* security = operation.value().as_object().if_contains("security");
      if (security == nullptr) continue;
      for (const bj::value& choice : security->as_array()) {
        for (const auto& scheme : choice.as_object()) {
          found.insert("#/components/securitySchemes/" + std::string(scheme.key()));
        }
      }
    }
  }
}

}  // namespace

std::vector<std::string> ApiDescription::operations() const {
  std::vector<std::string> all;
  for (const auto& [path, methods] : document_.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      all.push_back(fmt::format("{} {}", upper(std::string(method)), std::string(path)));
    }
  }
  std::ranges::sort(all);
  return all;
}

const bj::value& ApiDescription::resolve(const bj::value& value) const {
  if (!value.is_object()) return value;
  const bj::value* reference = value.as_object().if_contains("$ref");
  if (reference == nullptr) return value;
  return resolve(document_.at_pointer(pointer_of(std::string(reference->as_string()))));
}

std::vector<std::string> ApiDescription::check(const std::string& operation,
                                               const HttpResponse& response) const {
  std::vector<std::string> wrong;
  const std::size_t space = operation.find(' ');
  std::string method = operation.substr(0, space);
  std::ranges::transform(method, method.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  const bj::object& answers = document_.at("paths")
                                  .as_object()
                                  .at(operation.substr(space + 1))
                                  .as_object()
                                  .at(method)
                                  .at("responses")
                                  .as_object();
  const bj::value* found = answers.if_contains(std::to_string(response.status));
  if (found == nullptr) {
    return {fmt::format("{}: status {} is not described", operation, response.status)};
  }
  const bj::object& answer = resolve(*found).as_object();
  const auto type = response.fields.get("Content-Type");
  const bj::value* content = answer.if_contains("content");
  if ((content != nullptr) != type.has_value()) {
    return {fmt::format("{} {}: content type is {}", operation, response.status,
                        type.value_or("missing"))};
  }
  if (content == nullptr) return wrong;
  const bj::value* media = content->as_object().if_contains(*type);
  if (media == nullptr) media = content->as_object().if_contains("*/*");
  if (media == nullptr) {
    return {
        fmt::format("{} {}: content type {} is not described", operation, response.status, *type)};
  }
  if (!type->ends_with("json") || content->as_object().contains("*/*")) return wrong;
  check_value(media->at("schema"), bj::parse(response.body.to_string().value()),
              fmt::format("{} {}", operation, response.status), wrong);
  return wrong;
}

std::vector<std::string> ApiDescription::check_schema(const std::string& name,
                                                      const bj::value& value) const {
  std::vector<std::string> wrong;
  check_value(document_.at_pointer("/components/schemas/" + name), value, name, wrong);
  return wrong;
}

void ApiDescription::check_value(const bj::value& schema_or_ref, const bj::value& value,
                                 const std::string& where, std::vector<std::string>& wrong) const {
  static const std::set<std::string, std::less<>> kKnown{"type",        "enum",
                                                         "oneOf",       "items",
                                                         "properties",  "required",
                                                         "format",      "additionalProperties",
                                                         "description", "contentMediaType"};
  const bj::object& schema = resolve(schema_or_ref).as_object();
  for (const auto& [keyword, argument] : schema) {
    if (!kKnown.contains(std::string_view(keyword))) {
      wrong.push_back(fmt::format("{}: unknown keyword {}", where, std::string(keyword)));
    }
  }
  if (const bj::value* type = schema.if_contains("type"); type != nullptr) {
    if (!has_type(value, *type)) {
      wrong.push_back(
          fmt::format("{}: {} is not {}", where, bj::serialize(value), bj::serialize(*type)));
      return;
    }
  }
  if (const bj::value* allowed = schema.if_contains("enum"); allowed != nullptr) {
    if (std::ranges::find(allowed->as_array(), value) == allowed->as_array().end()) {
      wrong.push_back(fmt::format("{}: {} is none of the values", where, bj::serialize(value)));
    }
  }
  if (const bj::value* choices = schema.if_contains("oneOf"); choices != nullptr) {
    const auto matches = std::ranges::count_if(choices->as_array(), [&](const bj::value& choice) {
      std::vector<std::string> reasons;
      check_value(choice, value, where, reasons);
      return reasons.empty();
    });
    if (matches != 1) {
      wrong.push_back(fmt::format("{}: {} choices match {}", where, matches, bj::serialize(value)));
    }
  }
  if (const bj::value* items = schema.if_contains("items"); items != nullptr && value.is_array()) {
    for (const bj::value& item : value.as_array()) check_value(*items, item, where + "[]", wrong);
  }
  if (value.is_object()) check_object(schema, value.as_object(), where, wrong);
}

void ApiDescription::check_object(const bj::object& schema, const bj::object& value,
                                  const std::string& where, std::vector<std::string>& wrong) const {
  if (const bj::value* required = schema.if_contains("required"); required != nullptr) {
    for (const bj::value& name : required->as_array()) {
      if (!value.contains(name.as_string())) {
        wrong.push_back(fmt::format("{}: {} is missing", where, std::string(name.as_string())));
      }
    }
  }
  const bj::value* properties = schema.if_contains("properties");
  const bj::value* additional = schema.if_contains("additionalProperties");
  for (const auto& [name, member] : value) {
    const std::string place = where + "." + std::string(name);
    const bj::value* own =
        properties != nullptr ? properties->as_object().if_contains(name) : nullptr;
    if (own != nullptr) {
      check_value(*own, member, place, wrong);
    } else if (additional != nullptr && additional->is_object()) {
      check_value(*additional, member, place, wrong);
    } else if (additional != nullptr && !additional->as_bool()) {
      wrong.push_back(place + ": is not described");
    }
  }
}

std::vector<std::string> ApiDescription::loose_ends() const {
  std::vector<std::string> loose;
  std::set<std::string> references;
  collect(document_, "$ref", references);
  collect_schemes(document_, references);
  for (const std::string& reference : references) {
    boost::system::error_code error;
    if (document_.find_pointer(pointer_of(reference), error) == nullptr) {
      loose.push_back(reference + " leads nowhere");
    }
  }
  for (const auto& [kind, entries] : document_.at("components").as_object()) {
    for (const auto& [name, entry] : entries.as_object()) {
      const std::string reference =
          fmt::format("#/components/{}/{}", std::string(kind), std::string(name));
      // An event's data is text to OpenAPI, so that nothing can refer to its schema.
      if (name != "Event" && !references.contains(reference)) {
        loose.push_back("nothing refers to " + reference);
      }
    }
  }
  return loose;
}

}  // namespace thumbmill
