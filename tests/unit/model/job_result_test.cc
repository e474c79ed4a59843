#include "model/job_result.h"

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

JobResult done() {
  JobResult result;
  result.name = "caf\xc3\xa9.png";
  result.created = from_unix_ms(1'767'225'600'123);
  result.finished = from_unix_ms(1'767'225'601'456);
  result.source_format = ImageFormat::png;
  result.source_size = {4000, 3000};
  result.source_bytes = 12'345'678'901;
  result.kept_original = true;
  result.attempts = 1;
  result.renditions = {
      {"thumb", ImageFormat::webp, {200, 150}, 4321, "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "#0a0b0c"},
      {"big", ImageFormat::jpeg, {1, 8192}, 0, "", ""}};
  return result;
}

JobResult failed() {
  JobResult result = done();
  result.kept_original = false;
  result.source_size = {};
  result.renditions.clear();
  result.failure = JobFailure{Code::too_large, "the image has 900 megapixels; allowed: 100"};
  result.attempts = 3;
  return result;
}

TEST(JobResultCodec, ComesBackAsItWas) {
  EXPECT_EQ(decode_job_result(encode_job_result(done())).value(), done());
  EXPECT_EQ(decode_job_result(encode_job_result(failed())).value(), failed());
  EXPECT_TRUE(done().done());
  EXPECT_FALSE(failed().done());
}

TEST(JobResultCodec, MakesNamesAndMessagesUtf8) {
  JobResult result = failed();
  result.name = "\xff";
  result.failure->message = "\xc3";
  const JobResult read = decode_job_result(encode_job_result(result)).value();
  EXPECT_EQ(read.name, "\xef\xbf\xbd");
  EXPECT_EQ(read.failure->message, "\xef\xbf\xbd");
}

// As version 1 was first written: these texts must be readable for ever.
TEST(JobResultCodec, ReadsVersion1) {
  const JobResult one =
      decode_job_result(
          R"({"v":1,"name":"a.jpg","created":1767225600000,"finished":1767225601000,)"
          R"("attempts":2,)"
          R"("source":{"format":"jpeg","width":40,"height":30,"bytes":1200},"kept_original":true,)"
          R"("renditions":[{"name":"thumb","format":"png","width":20,"height":15,"bytes":300,)"
          R"("placeholder":"L0","color":"#010203"}],"later":{"a":1}})")
          .value();
  EXPECT_TRUE(one.done());
  EXPECT_TRUE(one.kept_original);
  EXPECT_EQ(one.attempts, 2);
  EXPECT_EQ(one.source_size, (SizePx{40, 30}));
  EXPECT_EQ(
      one.renditions,
      (std::vector<RenditionResult>{{"thumb", ImageFormat::png, {20, 15}, 300, "L0", "#010203"}}));
  const JobResult two =
      decode_job_result(R"({"v":1,"name":"","created":1,"finished":2,"source":{"format":"tiff",)"
                        R"("width":0,"height":0,"bytes":9},"failure":{"code":"corrupt_input",)"
                        R"("message":"no image"}})")
          .value();
  EXPECT_EQ(two.failure, (JobFailure{Code::corrupt_input, "no image"}));
}

TEST(JobResultCodec, NoPrefixOfAResultIsAResult) {
  for (const JobResult& result : {done(), failed()}) {
    const std::string text = encode_job_result(result);
    for (std::size_t length = 0; length < text.size(); ++length) {
      EXPECT_EQ(decode_job_result(text.substr(0, length)).status().code(), Code::corrupt_input);
    }
  }
}

TEST(JobResultCodec, FindsDamagedMembers) {
  struct Damage {
    std::string_view from, to;
  };
  const std::string good = encode_job_result(done());
  for (const Damage& damage :
       {Damage{R"("created":1767225600123)", R"("created":null)"},
        Damage{R"("format":"png")", R"("format":"elf")"},
        Damage{R"("width":4000)", R"("width":-1)"},
        Damage{R"("width":4000)", R"("width":4294967296)"}, Damage{R"("source":{)", R"("sauce":{)"},
        Damage{R"("bytes":12345678901)", R"("bytes":1e30)"},
        Damage{R"("name":"thumb")", R"("name":"../x")"},
        Damage{R"("format":"webp")", R"("format":1)"}, Damage{R"("renditions":[)", R"("r":[)"}}) {
    std::string text = good;
    ASSERT_NE(text.find(damage.from), std::string::npos) << damage.from << " in " << text;
    text.replace(text.find(damage.from), damage.from.size(), damage.to);
    EXPECT_EQ(decode_job_result(text).status().code(), Code::corrupt_input) << text;
  }
  const std::string bad = encode_job_result(failed());
  for (const Damage& damage :
       {Damage{R"("too_large")", R"("ok")"}, Damage{R"("too_large")", R"("huge")"},
        Damage{R"("attempts":3)", R"("attempts":-3)"},
        Damage{R"("attempts":3)", R"("attempts":4294967296)"}}) {
    std::string text = bad;
    text.replace(text.find(damage.from), damage.from.size(), damage.to);
    EXPECT_EQ(decode_job_result(text).status().code(), Code::corrupt_input) << text;
  }
}

}  // namespace
}  // namespace thumbmill
