#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "redis/options.h"

namespace thumbmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisUrl, HasDefaults) {
  const RedisOptions options = parse_redis_url("redis://cache").value();
  EXPECT_EQ(options.server.host, "cache");
  EXPECT_EQ(options.server.port, 6379);
  EXPECT_EQ(options.database, 0);
  EXPECT_EQ(options.user, "");
  EXPECT_EQ(options.password, "");
  EXPECT_FALSE(options.tls);
  EXPECT_EQ(options.key("jobs"), "{thumbmill}:jobs");
}

TEST(RedisUrl, TakesEverythingApart) {
  const RedisOptions options =
      parse_redis_url("redis://worker:p%40ss%3Aw%2Frd@[::1]:7000/3?prefix=mill2").value();
  EXPECT_EQ(options.user, "worker");
  EXPECT_EQ(options.password, "p@ss:w/rd");
  EXPECT_EQ(options.server.host, "::1");
  EXPECT_EQ(options.server.port, 7000);
  EXPECT_EQ(options.database, 3);
  EXPECT_EQ(options.key("jobs"), "{mill2}:jobs");
  EXPECT_EQ(options.to_string(), "[::1]:7000") << "never the password";
}

TEST(RedisUrl, TakesAPasswordAlone) {
  const RedisOptions options = parse_redis_url("redis://:secret@host:1").value();
  EXPECT_EQ(options.user, "");
  EXPECT_EQ(options.password, "secret");
}

TEST(RedisUrl, TakesASocketInTheFileSystem) {
  const RedisOptions options =
      parse_redis_url("redis+unix://:pw@/run/my%20redis.sock?db=2").value();
  EXPECT_EQ(options.server.unix_path, "/run/my redis.sock");
  EXPECT_EQ(options.password, "pw");
  EXPECT_EQ(options.database, 2);
}

TEST(RedisUrl, TakesSentinels) {
  const RedisOptions options = parse_redis_url("redis+sentinel://:pw@a,b:1000/main/4").value();
  ASSERT_EQ(options.sentinels.size(), 2u);
  EXPECT_EQ(options.sentinels[0].to_string(), "a:26379");
  EXPECT_EQ(options.sentinels[1].to_string(), "b:1000");
  EXPECT_EQ(options.master_name, "main");
  EXPECT_EQ(options.database, 4);
  EXPECT_THAT(options.to_string(), HasSubstr("main"));
}

TEST(RedisUrl, RefusesWhatItCannotMean) {
  const char* const wrong[] = {"",
                               "redis",
                               "redis:/host",
                               "http://host",
                               "redis://",
                               "redis://:6379",
                               "redis://host:",
                               "redis://host:0",
                               "redis://host:65536",
                               "redis://host:port",
                               "redis://host/one",
                               "redis://host/-1",
                               "redis://host/1/2",
                               "redis://user@host",
                               "redis://:%zz@host",
                               "redis://:%4@host",
                               "redis://[::1",
                               "redis://[::1]x",
                               "redis://[::1]:",
                               "redis://host?color=red",
                               "redis://host?prefix=",
                               "redis://host?prefix={a}",
                               "redis://host?ca=/ca.pem",
                               "redis+unix://relative.sock",
                               "redis+unix://",
                               "redis+unix:///a%2",
                               "redis+sentinel://",
                               "redis+sentinel://a:1",
                               "redis+sentinel:///main",
                               "redis+sentinel://a/main/x",
                               "redis+sentinel://a/my main"};
  for (const char* url : wrong) {
    const auto options = parse_redis_url(url);
    ASSERT_FALSE(options.ok()) << url;
    EXPECT_EQ(options.status().code(), Code::invalid_argument) << url;
  }
}

TEST(RedisUrl, NeverRepeatsAPieceOfAPassword) {
  for (const std::string_view form :
       {"redis://:$@host:nonsense", "redis://user:$@host", "redis://user:$", "redis://user:1/$",
        "redis://host?password=$", "redis://host?$", "redis://host?db=$", "redis://[::1]:$",
        "redis+sentinel://user:$", "redis+sentinel://a/main/$", "redis+unix://user:$",
        "redi://user:$@host", "rediss://host?ca=$&x=$"}) {
    for (const char c : std::string_view("@/?#:%&=, []")) {
      std::string url(form);
      url.replace(url.find('$'), 1, std::string("xyzzyone") + c + "plughtwo");
      const auto parsed = parse_redis_url(url);
      if (parsed.ok()) continue;
      EXPECT_THAT(parsed.status().to_string(),
                  AllOf(Not(HasSubstr("xyzzy")), Not(HasSubstr("plugh"))))
          << url;
    }
  }
}

TEST(RedisUrl, TakesTls) {
  const RedisOptions options = parse_redis_url("rediss://host?ca=/etc/ca.pem").value();
  EXPECT_TRUE(options.tls);
  EXPECT_EQ(options.ca_file, "/etc/ca.pem");
}

}  // namespace
}  // namespace thumbmill
