// What tests of uploads share.
#pragma once

#include <string>

#include "model/object_key.h"
#include "unit/api/api_fixture.h"

namespace thumbmill {

class UploadTest : public ApiFixture {
 protected:
  Exchange post_form(const std::string& target, const Form& form, FieldList fields = {}) {
    for (const auto& field : Form::fields()) fields.push_back(field);
    return call("POST", target, fields, form.body());
  }
  Exchange post_raw(const std::string& target, const std::string& body, FieldList fields = {}) {
    fields.emplace_back("Content-Type", "image/jpeg");
    return call("POST", target, fields, body);
  }
  Job stored_job(const std::string& id) {
    return decode_job(store_.head(upload_key(id), {}).value().metadata).value();
  }
};

}  // namespace thumbmill
