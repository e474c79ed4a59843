#include "net/multipart.h"

#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kType = "multipart/form-data; boundary=----Boundary7";

// Writes down what happens, in one line a part.
class Recorder final : public MultipartSink {
 public:
  Status on_part(const MultipartPart& part) override {
    present_ = part.name + "|" + part.file_name + "|" + (part.is_file ? "file" : "field") + "|" +
               part.content_type + "|";
    return Status();
  }
  Status on_bytes(std::string_view bytes) override {
    present_ += bytes;
    return Status();
  }
  Status on_part_end() override {
    parts.push_back(present_);
    return Status();
  }
  std::vector<std::string> parts;

 private:
  std::string present_;
};

Status parse(std::string_view body, Recorder& recorder, std::size_t piece = 1 << 20,
             std::string_view type = kType) {
  auto parser = MultipartParser::create(type, {}, recorder);
  if (!parser.ok()) return parser.status();
  for (std::size_t at = 0; at < body.size(); at += piece)
    RETURN_IF_ERROR((*parser)->feed(body.substr(at, piece)));
  return (*parser)->finish();
}

const std::string kBody =
    "preamble\r\n------Boundary7\r\nContent-Disposition: form-data; "
    "name=\"size\"\r\n\r\n200x200\r\n"
    "------Boundary7\r\ncontent-disposition: form-data; name=\"file\"; "
    "filename=\"a;\\\"b.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
    "\r\n--\r\n------Boundar\r\r\n-bytes\r\n\r\n"
    "------Boundary7 \t\r\nContent-Disposition: form-data; name=empty; "
    "filename*=UTF-8''%C3%A4.png\r\n\r\n\r\n"
    "------Boundary7--\r\nepilogue";

TEST(Multipart, ReadsParts) {
  Recorder recorder;
  ASSERT_TRUE(parse(kBody, recorder).ok());
  EXPECT_THAT(recorder.parts,
              ElementsAre("size||field||200x200",
                          "file|a;\"b.jpg|file|image/jpeg|\r\n--\r\n------Boundar\r\r\n-bytes\r\n",
                          "empty|\xc3\xa4.png|file||"));
}

TEST(Multipart, AnySplitGivesTheSame) {
  Recorder whole;
  ASSERT_TRUE(parse(kBody, whole).ok());
  for (std::size_t piece = 1; piece < 80; ++piece) {
    Recorder pieces;
    ASSERT_TRUE(parse(kBody, pieces, piece).ok()) << piece;
    EXPECT_EQ(pieces.parts, whole.parts) << piece;
  }
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    Recorder pieces;
    auto parser = MultipartParser::create(kType, {}, pieces).value();
    for (std::size_t at = 0; at < kBody.size();) {
      const std::size_t piece = 1 + random() % 40;
      ASSERT_TRUE(parser->feed(std::string_view(kBody).substr(at, piece)).ok());
      at += piece;
    }
    ASSERT_TRUE(parser->finish().ok());
    EXPECT_EQ(pieces.parts, whole.parts);
  }
}

TEST(Multipart, EveryTruncationIsAnError) {
  const std::size_t end = kBody.find("--\r\nepilogue") + 2;
  for (std::size_t length = 0; length < end; ++length) {
    Recorder recorder;
    EXPECT_EQ(parse(std::string_view(kBody).substr(0, length), recorder).code(),
              Code::invalid_argument)
        << length;
  }
}

TEST(Multipart, RefusesBadContentTypes) {
  for (const char* type :
       {"text/plain; boundary=x", "multipart/form-data", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=a\"b", "multipart/mixed; boundary=a"}) {
    Recorder recorder;
    EXPECT_EQ(parse("", recorder, 10, type).code(), Code::invalid_argument) << type;
  }
  Recorder recorder;
  EXPECT_FALSE(
      parse("", recorder, 10, "multipart/form-data; boundary=" + std::string(71, 'a')).ok());
  EXPECT_TRUE(parse("--a b\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n--a b--", recorder,
                    10, "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"")
                  .ok());
}

TEST(Multipart, RefusesMalformedParts) {
  for (const char* head :
       {"", "Content-Type: text/plain", "Content-Disposition: attachment; name=x",
        "Content-Disposition: form-data", "Content-Disposition: form-data; name=\"x",
        "Content-Disposition : form-data; name=x", "Content-Disposition: form-data; name=x\n",
        "Content-Disposition: form-data; name=x; filename*=latin1''a",
        "Content-Disposition: form-data; name=x; name=y",
        "Content-Disposition: form-data; name=x; filename=a; FileName=b",
        "Content-Disposition: form-data; name=x\r\nContent-Disposition: form-data; name=y"}) {
    Recorder recorder;
    const std::string body =
        std::string("------Boundary7\r\n") + head + "\r\n\r\nx\r\n------Boundary7--\r\n";
    EXPECT_EQ(parse(body, recorder).code(), Code::invalid_argument) << head;
  }
}

TEST(Multipart, LimitsAreNamed) {
  std::string many;
  for (int i = 0; i < 17; ++i)
    many += "------Boundary7\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n";
  many += "------Boundary7--";
  Recorder recorder;
  const Status parts = parse(many, recorder);
  EXPECT_EQ(parts.code(), Code::too_large);
  EXPECT_THAT(parts.message(), HasSubstr("16 parts"));
  Recorder other;
  const Status head = parse("------Boundary7\r\nX: " + std::string(9000, 'x'), other, 100);
  EXPECT_EQ(head.code(), Code::too_large);
}

TEST(Multipart, TheLimitOfAHeadDoesNotDependOnTheSplit) {
  const std::string disposition = "Content-Disposition: form-data; name=x\r\nX: ";
  for (const std::size_t length : {8 * 1024 - 1, 8 * 1024, 8 * 1024 + 1}) {
    const std::string head = disposition + std::string(length - disposition.size(), 'x');
    const std::string body = "------Boundary7\r\n" + head + "\r\n\r\nx\r\n------Boundary7--";
    Recorder whole;
    Recorder bytewise;
    EXPECT_EQ(parse(body, whole).code(), length <= 8 * 1024 ? Code::ok : Code::too_large) << length;
    EXPECT_EQ(parse(body, bytewise, 1).code(), parse(body, whole).code()) << length;
  }
}

TEST(Multipart, TheClosingBoundaryIsNotPadded) {
  const std::string part =
      "------Boundary7\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n------Boundary7";
  for (const std::size_t piece : {std::size_t{1}, part.size() + 10}) {
    Recorder recorder;
    EXPECT_TRUE(parse(part + "-- ", recorder, piece).ok());
    EXPECT_EQ(parse(part + " --", recorder, piece).code(), Code::invalid_argument);
  }
}

TEST(Multipart, TheSinksFailureEndsIt) {
  class Full final : public MultipartSink {
    Status on_part(const MultipartPart&) override { return Status(); }
    Status on_bytes(std::string_view) override { return Status(Code::exhausted, "disk full"); }
    Status on_part_end() override { return Status(); }
  } full;
  auto parser = MultipartParser::create(kType, {}, full).value();
  EXPECT_EQ(parser->feed(kBody).code(), Code::exhausted);
}

}  // namespace
}  // namespace thumbmill
