#include "model/job.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/json.h"

namespace thumbmill {
namespace {

Job full_job() {
  Job job;
  job.format = ImageFormat::heic;
  job.created = from_unix_ms(1'767'225'600'123);
  job.name = "caf\xc3\xa9 \"\xf0\x9f\x98\x80\"\n\x7f.heic";
  job.keep_original = true;
  job.trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  job.renditions = {{"thumb", 200, 0, Fit::cover, ImageFormat::webp, 75, Color{255, 128, 0}, true},
                    {"big", 0, 8192, Fit::contain, std::nullopt, 100, std::nullopt, false}};
  return job;
}

std::string text_of(const Job& job) { return encode_job(job).value().at("job"); }

Code decode(std::string text) { return decode_job({{"job", std::move(text)}}).status().code(); }

TEST(JobCodec, ComesBackAsItWas) {
  EXPECT_EQ(decode_job(encode_job(full_job()).value()).value(), full_job());
  Job least;
  least.renditions = {RenditionSpec{}};
  EXPECT_EQ(decode_job(encode_job(least).value()).value(), least);
}

// Object metadata takes nothing else, on any store; clients choose the file name.
TEST(JobCodec, WritesPrintableAsciiOnly) {
  Job job = full_job();
  job.name = "\xff\xc3 \xed\xa0\x80";
  for (int c = 1; c < 0x100; ++c) job.name.push_back(static_cast<char>(c));
  const std::string text = text_of(job);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
      << text;
  EXPECT_EQ(decode_job({{"job", text}})->name, json::valid_utf8(job.name));
}

TEST(JobCodec, SaysWhatToShortenWhenItDoesNotFit) {
  Job job = full_job();
  job.name.clear();
  const std::size_t room =
      kMaxMetadataBytes - 3 - text_of(job).size() - std::string_view(R"("name":"",)").size();
  job.name = std::string(room, 'n');
  EXPECT_EQ(text_of(job).size() + 3, kMaxMetadataBytes);
  job.name.push_back('n');
  const Status status = encode_job(job).status();
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("shorten the file name"));
}

// As version 1 was first written: this text must be readable for ever.
TEST(JobCodec, ReadsVersion1) {
  const Job job =
      decode_job(
          {{"job",
            R"({"v":1,"format":"jpeg","created":1767225600000,"name":"a\u00e9.jpg","keep":true,)"
            R"("trace":"00-x","renditions":[{"n":"thumb","w":200,"h":100,"fit":"cover","q":80,)"
            R"("f":"webp","bg":"#ff8000","up":true},{"n":"o","w":0,"h":50,"fit":"inside","q":1}]})"}})
          .value();
  EXPECT_EQ(job.name, "a\xc3\xa9.jpg");
  EXPECT_EQ(job.created, from_unix_ms(1'767'225'600'000));
  EXPECT_TRUE(job.keep_original);
  EXPECT_EQ(job.trace, "00-x");
  const std::vector<RenditionSpec> expected{
      {"thumb", 200, 100, Fit::cover, ImageFormat::webp, 80, Color{255, 128, 0}, true},
      {"o", 0, 50, Fit::inside, std::nullopt, 1, std::nullopt, false}};
  EXPECT_EQ(job.renditions, expected);
}

TEST(JobCodec, PassesOverWhatItDoesNotKnow) {
  std::string text = text_of(full_job());
  text.insert(1, R"("new":{"a":[1,null]},)");
  text.insert(text.find(R"("n":"thumb")"), R"("crop":"smart",)");
  EXPECT_EQ(decode_job({{"job", text}, {"other", "x"}}).value(), full_job());
}

TEST(JobCodec, NoPrefixOfAJobIsAJob) {
  const std::string text = text_of(full_job());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(decode(text.substr(0, length)), Code::corrupt_input) << length;
  }
  EXPECT_EQ(decode_job({}).status().code(), Code::corrupt_input);
}

TEST(JobCodec, FindsEveryDamagedMember) {
  const std::string good =
      R"({"v":1,"format":"png","created":1,"renditions":[{"n":"t","w":1,"h":2,"fit":"fill","q":3}]})";
  ASSERT_EQ(decode(good), Code::ok);
  struct Damage {
    std::string_view from, to;
  };
  for (const Damage& damage :
       {Damage{R"("png")", R"("exe")"}, Damage{R"("format")", R"("x")"},
        Damage{R"("created":1)", R"("created":"1")"}, Damage{R"("created":1)", R"("created":1.5)"},
        Damage{R"("n":"t")", R"("n":"../t")"}, Damage{R"("n":"t")", R"("n":"")"},
        Damage{R"("w":1)", R"("w":-1)"}, Damage{R"("w":1)", R"("w":8193)"},
        Damage{R"("w":1)", R"("w":99999999999999999999)"},
        Damage{R"("w":1,"h":2)", R"("w":0,"h":0)"}, Damage{R"("fill")", R"("stretch")"},
        Damage{R"("q":3)", R"("q":0)"}, Damage{R"("q":3)", R"("q":101)"},
        Damage{R"("q":3)", R"("q":3,"f":"exe")"}, Damage{R"("q":3)", R"("q":3,"f":"gif")"},
        Damage{R"("q":3)", R"("q":3,"bg":"red")"},
        Damage{R"([{"n":"t","w":1,"h":2,"fit":"fill","q":3}])", "[]"},
        Damage{R"([{"n":"t","w":1,"h":2,"fit":"fill","q":3}])", "[7]"},
        Damage{R"([{"n":"t","w":1,"h":2,"fit":"fill","q":3}])", "{}"}}) {
    std::string text = good;
    text.replace(text.find(damage.from), damage.from.size(), damage.to);
    EXPECT_EQ(decode(text), Code::corrupt_input) << text;
  }
  for (const char* text : {"", "null", "[]", "7", "{}", "{\"a\":", "\xff"}) {
    EXPECT_EQ(decode(text), Code::corrupt_input) << text;
  }
}

TEST(JobCodec, TakesTimesOfAnySizeWithoutHarm) {
  for (const char* created : {"9223372036854775807", "-9223372036854775808"}) {
    const auto job =
        decode_job({{"job", std::string(R"({"format":"png","created":)") + created +
                                R"(,"renditions":[{"n":"t","w":1,"h":2,"fit":"fill","q":3}]})"}});
    ASSERT_TRUE(job.ok());
    EXPECT_EQ(decode_job(encode_job(*job).value()).value(), *job);
  }
}

TEST(ValidUtf8, ReplacesEachStrayByte) {
  EXPECT_EQ(json::valid_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
            "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(json::valid_utf8("a\xff"), "a\xef\xbf\xbd");
  EXPECT_EQ(json::valid_utf8("\xc3"), "\xef\xbf\xbd");
  EXPECT_EQ(json::valid_utf8("\xe2\x82z"), "\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(json::valid_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(json::valid_utf8(""), "");
}

}  // namespace
}  // namespace thumbmill
