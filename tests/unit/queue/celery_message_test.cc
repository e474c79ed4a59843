#include "queue/celery/celery_message.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/strange_json.h"
#include "model/object_key.h"
#include "queue/celery/celery_options.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNothingAfter =
    R"({"callbacks":null,"errbacks":null,"chain":null,"chord":null})";

// With a body that is not in base64, which kombu allows too.
std::string message(const std::string& args, const std::string& kwargs = "{}",
                    const std::string& embed = kNothingAfter, const std::string& headers = "",
                    const std::string& type = "application/json") {
  boost::json::string body(fmt::format("[{},{},{}]", args, kwargs, embed));
  return fmt::format(
      R"({{"body":{},"content-encoding":"utf-8","content-type":"{}",)"
      R"("headers":{{"task":"tasks.thumb","id":"task-1"{}}},"properties":{{"delivery_tag":"t"}}}})",
      boost::json::serialize(body), type, headers);
}

TEST(CeleryMessage, IsTakenApart) {
  const CeleryMessage read =
      parse_celery_message(
          message(
              R"(["a.jpg",7])", R"({"size":"big"})", kNothingAfter,
              R"(,"eta":"2026-11-24T02:31:00.250000+01:00","expires":null,"ignore_result":true)"))
          .value();
  EXPECT_EQ(read.id, "task-1");
  EXPECT_EQ(read.name, "tasks.thumb");
  EXPECT_EQ(read.args.size(), 2u);
  EXPECT_TRUE(read.kwargs.contains("size"));
  EXPECT_EQ(format_rfc3339(read.eta.value()), "2026-11-24T01:31:00.250Z");
  EXPECT_EQ(read.expires, std::nullopt);
  EXPECT_TRUE(read.ignore_result);
}

TEST(CeleryMessage, HasTheShorterOfItsTimeLimits) {
  const auto limit = [](const std::string& value) {
    return parse_celery_message(message("[]", "{}", kNothingAfter, R"(,"timelimit":)" + value))
        .value()
        .time_limit;
  };
  EXPECT_EQ(limit("[20,1.5]"), std::chrono::milliseconds(1'500));
  EXPECT_EQ(limit("[2,null]"), std::chrono::seconds(2));
  for (const char* none : {"[null,null]", "[]", "null", "7", "[0,-1]", "[1e300,\"5\"]"}) {
    EXPECT_EQ(limit(none), std::nullopt) << none;
  }
}

// In base64, as kombu's Redis transport sends bodies.
std::string encoded(const std::string& body, const std::string& type,
                    const std::string& headers = "") {
  return fmt::format(
      R"({{"body":"{}","content-encoding":"binary","content-type":"{}",)"
      R"("headers":{{"task":"t","id":"i"{}}},"properties":{{"body_encoding":"base64"}}}})",
      body, type, headers);
}

// [["a.jpg", 7], {"size": "big"}, {"callbacks": null, "errbacks": null, "chain": null, "chord":
// null}]
constexpr const char* kMsgpackBody =
    "k5KlYS5qcGcHgaRzaXplo2JpZ4SpY2FsbGJhY2tzwKhlcnJiYWNrc8ClY2hhaW7ApWNob3JkwA==";
constexpr const char* kZlibBody =
    "eJyLjlZK1MsqSFfSUTCP1VGoVirOrEpVslJQSspMV6oFCSQn5uQkJSZnFwNF80pzcnQUlFKLitBEkjMSM/OQuflFKVBu"
    "bSwADpgfpw==";
constexpr const char* kGzipBody =
    "H4sIAAAAAAACA4uOVkrUyypIV9JRMI/VUahWKs6sSlWyUlBKykxXqgUJJCfm5CQlJmcXA0XzSnNydBSUUouK0ESSMxIz"
    "85C5+UUpUG5tLAAyWn6+ZAAAAA==";

TEST(CeleryMessage, ReadsBase64) {
  // printf '[["a.jpg"],{},{}]' | base64
  const std::string text = encoded("W1siYS5qcGciXSx7fSx7fV0=", "application/json");
  EXPECT_EQ(parse_celery_message(text).value().args.at(0).as_string(), "a.jpg");
}

TEST(CeleryMessage, ReadsWhatIsCompressedOrMsgpack) {
  const std::string json = "application/json";
  for (const std::string& text :
       {encoded(kMsgpackBody, "application/x-msgpack"),
        encoded(kZlibBody, json, R"(,"compression":"application/x-gzip")"),
        encoded(kGzipBody, json, R"(,"compression":"zlib")")}) {
    const CeleryMessage read = parse_celery_message(text).value();
    ASSERT_TRUE(read.refusal.ok()) << read.refusal.to_string() << text;
    EXPECT_EQ(fill_template("{0} {1} {size}", read).value(), "a.jpg 7 big");
  }
}

TEST(CeleryMessage, WhatWeCannotDoJusticeToIsRefused) {
  const std::string reduce = "application/x-python-serialize";
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {message("[]", "{}", kNothingAfter, "", reduce), "json or msgpack"},
           {message("[]", "{}", R"({"chain":[{"task":"b"}]})"), "chain"},
           {message("[]", "{}", R"({"callbacks":[{"task":"b"}]})"), "callbacks"},
           {message("[]", "{}", R"({"chord":{"task":"b"}})"), "chord"},
           {message("[]", "{}", kNothingAfter, R"(,"compression":"application/x-bz2")"),
            "task_compression"},
           {message("[]", "{}", kNothingAfter, R"(,"eta":"tomorrow")"), "eta"},
       }) {
    const CeleryMessage read = parse_celery_message(text).value();
    EXPECT_EQ(read.id, "task-1");
    EXPECT_EQ(read.refusal.code(), Code::unsupported) << text;
    EXPECT_THAT(read.refusal.message(), HasSubstr(word));
  }
}

// As Celery writes them with task_protocol = 1.
TEST(CeleryMessage, Protocol1HasAnIdToAnswer) {
  const CeleryMessage read =
      parse_celery_message(
          R"({"body":"{\"task\":\"t\",\"id\":\"i\",\"args\":[]}","content-type":"application/json",)"
          R"("headers":{},"properties":{"correlation_id":"i"}})")
          .value();
  EXPECT_EQ(read.id, "i");
  EXPECT_THAT(read.refusal.message(), HasSubstr("task_protocol"));
}

TEST(CeleryMessage, BrokenBodiesAreRefused) {
  std::string bomb = "eJztwYEAAAAAwyCV+VMe5FUB" + std::string(2'560, 'A');
  for (const std::string& text :
       {message("{}"), message("[]", "[]"), message("[" + std::string(100, '[')),
        encoded("not base64!", "application/json"), encoded(kZlibBody, "application/json"),
        encoded(kZlibBody, "application/x-msgpack"),
        encoded("W10=", "application/json", R"(,"compression":"gzip")"),
        encoded(bomb, "application/json", R"(,"compression":"gzip")")}) {
    const CeleryMessage read = parse_celery_message(text).value();
    EXPECT_EQ(read.refusal.code(), Code::corrupt_input) << text;
  }
}

TEST(CeleryMessage, TellsWhatWasToFollow) {
  const CeleryMessage read =
      parse_celery_message(
          message("[]", "{}",
                  R"({"chain":[{"task":"c","options":{"task_id":"last","chord":{"options":)"
                  R"({"task_id":"body"}}}},{"task":"b","options":{"task_id":"second"}}]})"))
          .value();
  EXPECT_THAT(read.followers, ::testing::UnorderedElementsAre("last", "body", "second"));
}

TEST(CeleryMessage, OtherTextsAreNone) {
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), std::string("{\"headers\":{}}"),
        std::string(R"({"headers":{"id":"","task":"t"},)") + R"("properties":{},"body":"[]"})"}) {
    EXPECT_EQ(parse_celery_message(text).status().code(), Code::corrupt_input) << text;
  }
}

TEST(CeleryMessage, StrangeOnesAreRefused) {
  const std::string good = message(R"(["a.jpg",7])", R"({"size":"big"})", kNothingAfter,
                                   R"(,"eta":"2026-11-24T02:31:00+01:00","ignore_result":true)");
  std::vector<std::string> texts = strange_records(good);
  for (const std::string& args : strange_records(R"(["a.jpg",7])")) {
    if (boost::json::error_code error; boost::json::parse(args, error), !error) {
      texts.push_back(message(args));
    }
  }
  for (const std::string& text : texts) {
    const Result<CeleryMessage> read = parse_celery_message(text);
    const Status refusal = read.ok() ? read->refusal : read.status();
    if (!refusal.ok()) {
      EXPECT_TRUE(refusal.code() == Code::corrupt_input || refusal.code() == Code::unsupported)
          << text.substr(0, 200);
      continue;
    }
    EXPECT_FALSE(read->id.empty() || read->name.empty()) << text.substr(0, 200);
    for (const char* where : {"{0}", "{1}", "{size}", "{7}"}) {
      const Result<std::string> key = fill_template(where, *read);
      EXPECT_TRUE(!key.ok() || is_object_key(*key)) << *key;
    }
  }
}

TEST(CeleryTemplate, IsFilledFromTheArguments) {
  const CeleryMessage read =
      parse_celery_message(message(R"(["dir/a.jpg",7])", R"({"where":"x"})")).value();
  EXPECT_EQ(fill_template("originals/{0}", read).value(), "originals/dir/a.jpg");
  EXPECT_EQ(fill_template("{where}/{1}-{rendition}.{ext}", read).value(), "x/7-{rendition}.{ext}");
  EXPECT_EQ(fill_template("t/{task_id}", read).value(), "t/task-1");
}

// kombu.utils.json
TEST(CeleryTemplate, TakesWhatKombuWraps) {
  const CeleryMessage read =
      parse_celery_message(
          message(
              R"([{"__type__":"uuid","__value__":{"hex":"0123456789abcdef0123456789abcdef"}},)"
              R"({"__type__":"decimal","__value__":"1.5"},{"__type__":"bytes","__value__":"b"},)"
              R"({"__type__":"date","__value__":"2026-01-02"},)"
              R"({"__type__":"uuid","__value__":"7"},{"__type__":"other","__value__":"x"}])"))
          .value();
  EXPECT_EQ(fill_template("{0}/{1}/{2}/{3}", read).value(),
            "01234567-89ab-cdef-0123-456789abcdef/1.5/b/2026-01-02");
  EXPECT_FALSE(fill_template("{4}", read).ok());
  EXPECT_FALSE(fill_template("{5}", read).ok());
}

TEST(CeleryTemplate, FindsArgumentsHoweverTheyArePassed) {
  const std::vector<std::string> names = {"key", "size"};
  const CeleryMessage by_place = parse_celery_message(message(R"(["a.jpg",7])")).value();
  const CeleryMessage mixed =
      parse_celery_message(message(R"(["a.jpg"])", R"({"size":7})")).value();
  const CeleryMessage by_keyword =
      parse_celery_message(message("[]", R"({"size":7,"key":"a.jpg"})")).value();
  for (const CeleryMessage* read : {&by_place, &mixed, &by_keyword}) {
    EXPECT_EQ(fill_template("{0}/{1}", *read, names).value(), "a.jpg/7");
    EXPECT_EQ(fill_template("{key}/{size}", *read, names).value(), "a.jpg/7");
  }
  const Status unknown = fill_template("{0}", by_keyword).status();
  EXPECT_THAT(unknown.message(), HasSubstr("parameters="));
  const CeleryMessage only_one = parse_celery_message(message("[]", R"({"key":"a.jpg"})")).value();
  EXPECT_EQ(fill_template("{0}", only_one).value(), "a.jpg");
  EXPECT_FALSE(fill_template("{1}", only_one).ok());
}

TEST(CeleryTemplate, HostileArgumentsNameNoKey) {
  for (const char* args :
       {R"(["../a"])", R"(["/etc/passwd"])", R"(["a/../../b"])", R"([""])", R"(["a\u0000b"])",
        R"(["a b"])", "[]", "[null]", "[[1]]", R"([{"a":1}])"}) {
    const CeleryMessage read = parse_celery_message(message(args)).value();
    EXPECT_EQ(fill_template("{0}", read).status().code(), Code::invalid_argument) << args;
  }
}

TEST(CeleryTime, IsReadAsPythonWritesIt) {
  EXPECT_EQ(format_rfc3339(parse_iso_time("2026-01-02T03:04:05").value()),
            "2026-01-02T03:04:05.000Z");
  EXPECT_EQ(format_rfc3339(parse_iso_time("2026-01-02T03:04:05.5-02:30").value()),
            "2026-01-02T05:34:05.500Z");
  EXPECT_EQ(format_rfc3339(parse_iso_time("2026-01-02T03:04:05Z").value()),
            "2026-01-02T03:04:05.000Z");
  for (const char* text : {"", "2026-01-02", "2026-01-02T03:04:05 UTC", "2026-01-02T03:04:05+1"}) {
    EXPECT_EQ(parse_iso_time(text), std::nullopt) << text;
  }
}

TEST(CeleryUrl, HasDefaults) {
  const CeleryOptions options = parse_celery_url("celery+redis://host/2?task=tasks.thumb").value();
  EXPECT_EQ(options.redis.server.host, "host");
  EXPECT_EQ(options.redis.database, 2);
  EXPECT_EQ(options.task, "tasks.thumb");
  EXPECT_EQ(options.queue, "celery");
  EXPECT_EQ(options.source, "{0}");
  EXPECT_EQ(options.target, "thumbnails/{0}.{ext}");
  EXPECT_EQ(options.visibility_timeout, std::chrono::hours(1));
  EXPECT_THAT(options.priority_steps, ElementsAre(0, 3, 6, 9));
  EXPECT_EQ(options.separator, "\x06\x16");
  EXPECT_EQ(options.results.to_string(), options.redis.to_string());
  EXPECT_EQ(options.results.database, 2);
  EXPECT_FALSE(options.remove_source);
}

TEST(CeleryUrl, TakesEverythingApart) {
  const CeleryOptions options =
      parse_celery_url(
          "celery+redis+unix://:pw@/run/redis.sock?db=3&task=a.b&queue=images&key_prefix=app%3A&"
          "visibility_timeout=60&source=in/%7Bkey%7D&target=out/{key}-{rendition}.{ext}&"
          "remove_source=yes&parameters=key,size&priority_steps=0,1,9&sep=:&result_key_prefix=app_&"
          "result=redis://:p%2540w@other/1")
          .value();
  EXPECT_EQ(options.redis.server.unix_path, "/run/redis.sock");
  EXPECT_EQ(options.redis.database, 3);
  EXPECT_EQ(options.redis.password, "pw");
  EXPECT_EQ(options.queue, "images");
  EXPECT_EQ(options.key_prefix, "app:");
  EXPECT_EQ(options.visibility_timeout, std::chrono::seconds(60));
  EXPECT_EQ(options.source, "in/{key}");
  EXPECT_THAT(options.parameters, ElementsAre("key", "size"));
  EXPECT_THAT(options.priority_steps, ElementsAre(0, 1, 9));
  EXPECT_EQ(options.separator, ":");
  EXPECT_EQ(options.result_key_prefix, "app_");
  EXPECT_EQ(options.results.server.host, "other");
  EXPECT_EQ(options.results.password, "p@w");
  EXPECT_EQ(options.results.database, 1);
  EXPECT_EQ(options.target, "out/{key}-{rendition}.{ext}");
  EXPECT_TRUE(options.remove_source);
}

TEST(CeleryUrl, ResultsMayGoToAnotherDatabaseOfTheServer) {
  const CeleryOptions options =
      parse_celery_url("celery+redis://:pw@host/0?task=a&result=/3").value();
  EXPECT_EQ(options.redis.database, 0);
  EXPECT_EQ(options.results.database, 3);
  EXPECT_EQ(options.results.server.host, "host");
  EXPECT_EQ(options.results.password, "pw");
}

TEST(CeleryUrl, SaysWhatIsWrong) {
  for (const auto& [url, word] : std::vector<std::pair<std::string, std::string>>{
           {"celery+redis://:secret@host", "task"},
           {"celery+amqp://:secret@host?task=a", "redis://"},
           {"celery+redis://:secret@host?task=a&colour=red", "key_prefix"},
           {"celery+redis://:secret@host?task=", "without a value"},
           {"celery+redis://:secret@host?task=a&visibility_timeout=0", "visibility_timeout"},
           {"celery+redis://:secret@host?task=a&remove_source=maybe", "yes, no"},
           {"celery+redis://:secret@host?task=a&source={", "source"},
           {"celery+redis://:secret@host?task=a&target={a-b}", "target"},
           {"celery+redis://:secret@host?task=a&priority_steps=3,0", "priority_steps"},
           {"celery+redis://:secret@host?task=a&priority_steps=0,x", "priority_steps"},
           {"celery+redis://:secret@host?task=a&result=rpc://", "result"},
           {"celery+redis://:secret@host?task=a&result=db%2Bmysql://me:secret@host", "Redis only"},
           {"celery+redis://:secret@host?task=a&result=/x", "result"},
           {"celery+redis://:se?secret@host", "without a value"},
           {"celery+redis://:se?secret=1@host", "key_prefix"},
           {"celery+redis://me:secret?task=a", "port"},
       }) {
    const Status refused = parse_celery_url(url).status();
    EXPECT_EQ(refused.code(), Code::invalid_argument) << url;
    EXPECT_THAT(refused.message(), HasSubstr(word));
    EXPECT_THAT(refused.to_string(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace thumbmill
