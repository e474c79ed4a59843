// Checks JSON against the part of JSON Schema (2020-12) that openapi.json uses, and answers against
// the description. A keyword that it does not know fails the check, so that none is ignored.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "net/http.h"

namespace thumbmill {

/// One OpenAPI document. Immutable.
class ApiDescription {
 public:
  explicit ApiDescription(boost::json::value document) : document_(std::move(document)) {}

  /// "GET /v1/queue" and so on, sorted.
  std::vector<std::string> operations() const;

  /// What is wrong with an answer to `operation` ("GET /v1/queue"); empty when it is as described:
  /// its status, media type, body, and that its described headers are the only ones of their kind.
  std::vector<std::string> check(const std::string& operation, const HttpResponse& response) const;

  /// What is wrong with `value` by the schema named so.
  std::vector<std::string> check_schema(const std::string& name,
                                        const boost::json::value& value) const;

  /// References that lead nowhere, and schemas, parameters and answers that nothing refers to.
  std::vector<std::string> loose_ends() const;

 private:
  const boost::json::value& resolve(const boost::json::value& value) const;
  void check_value(const boost::json::value& schema, const boost::json::value& value,
                   const std::string& where, std::vector<std::string>& wrong) const;
  void check_object(const boost::json::object& schema, const boost::json::object& value,
                    const std::string& where, std::vector<std::string>& wrong) const;

  const boost::json::value document_;
};

}  // namespace thumbmill
