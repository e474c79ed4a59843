#include "api/upload_form.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace thumbmill {
namespace {

// Form fields whose content is an image.
constexpr std::array<std::string_view, 3> kFileFields{"file", "image", "media"};

class RawBody final : public UploadBody {
 public:
  RawBody(const UploadLimits& limits, const std::string& directory)
      : UploadBody(limits, directory), spool_({}, directory, limits) {}

  Status append(std::string_view bytes) override { return spool_.append(bytes); }

  Status finish() override {
    files.push_back(spool_.finish());
    return Status();
  }

  std::uint64_t limit() const override { return limits_.max_file_bytes; }

 private:
  FileSpool spool_;
};

class FormBody final : public UploadBody, private MultipartSink {
 public:
  using UploadBody::UploadBody;

  Status open(std::string_view content_type) {
    MultipartLimits limits;
    limits.parts = limits_.max_parts;
    ASSIGN_OR_RETURN(parser_, MultipartParser::create(content_type, limits, *this));
    return Status();
  }

  Status append(std::string_view bytes) override { return parser_->feed(bytes); }

  Status finish() override {
    RETURN_IF_ERROR(parser_->finish());
    if (files.empty() && !other_file_field_.empty()) {
      return Status(
          Code::invalid_argument,
          fmt::format("the file is in field \"{}\"; use file, image or media", other_file_field_));
    }
    return Status();
  }

  std::uint64_t limit() const override { return limits_.max_request_bytes; }

 private:
  Status on_part(const MultipartPart& part) override {
    field_ = nullptr;
    if (std::ranges::find(kFileFields, part.name) != kFileFields.end()) {
      spool_.emplace(part.file_name, directory_, limits_);
    } else if (part.is_file) {
      other_file_field_ = part.name;
    } else if (is_upload_option(part.name)) {
      field_ = &fields[part.name];
      field_->clear();
    }
    return Status();
  }

  Status on_bytes(std::string_view bytes) override {
    if (spool_) return spool_->append(bytes);
    if (field_ == nullptr) return Status();
    if (field_->size() + bytes.size() > limits_.max_field_bytes) {
      return Status(Code::too_large,
                    fmt::format("a form field is over {} bytes", limits_.max_field_bytes));
    }
    field_->append(bytes);
    return Status();
  }

  Status on_part_end() override {
    if (spool_) {
      files.push_back(spool_->finish());
      spool_.reset();
    }
    field_ = nullptr;
    return Status();
  }

  std::unique_ptr<MultipartParser> parser_;
  std::optional<FileSpool> spool_;  // of the part being read, when it is a file
  std::string* field_ = nullptr;    // of the part being read, when it is an option
  std::string other_file_field_;    // where a file came that we do not look for
};

}  // namespace

Result<std::unique_ptr<SpoolPlaces::Place>> SpoolPlaces::take() {
  if (++taken_ > most_) {
    --taken_;
    return Status(Code::unavailable, "too many files are being received: try again");
  }
  return std::make_unique<Place>(*this);
}

Status FileSpool::append(std::string_view bytes) {
  size_bytes_ += bytes.size();
  if (size_bytes_ > limits_.max_file_bytes) {
    file_.reset();  // the disk space is others' again
    place_.reset();
    return Status();
  }
  // Each time: of many bodies that are received at once, each had room when it began.
  if (limits_.disk_reserve != nullptr) {
    RETURN_IF_ERROR(limits_.disk_reserve->check(directory_, bytes.size()));
  }
  if (!file_) {
    if (limits_.spool_places != nullptr) {
      ASSIGN_OR_RETURN(place_, limits_.spool_places->take());
    }
    ASSIGN_OR_RETURN(file_, TempFile::create(directory_));
  }
  return file_->append(bytes);
}

ReceivedFile FileSpool::finish() {
  ReceivedFile received{.name = name_, .body = Blob(), .status = Status()};
  if (size_bytes_ > limits_.max_file_bytes) {
    received.status = Status(Code::too_large, fmt::format("the file is over max-body ({} bytes)",
                                                          limits_.max_file_bytes));
    return received;
  }
  if (file_) received.body = file_->finish();
  received.place = std::move(place_);
  return received;
}

std::unique_ptr<UploadBody> raw_upload_body(const UploadLimits& limits, std::string directory) {
  return std::make_unique<RawBody>(limits, std::move(directory));
}

Result<std::unique_ptr<UploadBody>> form_upload_body(std::string_view content_type,
                                                     const UploadLimits& limits,
                                                     std::string directory) {
  auto body = std::make_unique<FormBody>(limits, std::move(directory));
  RETURN_IF_ERROR(body->open(content_type));
  return std::unique_ptr<UploadBody>(std::move(body));
}

}  // namespace thumbmill
