#include "base/without_secrets.h"

#include <array>

#include <gtest/gtest.h>

namespace thumbmill {
namespace {

TEST(WithoutSecrets, ShowsWhatIsNoSecret) {
  for (const char* address :
       {"", "./thumbmill-data", "thumbmill-data", "/srv/a@b:c", "sqlite:", "sqlite:/srv/q.db",
        "sqlite:./q@1.db", "s3://bucket", "s3://bucket/a/b", "redis://cache",
        "redis://cache:6379/3", "rediss://[fd00::1]:6380/0?prefix=mill&ca=/ca.pem",
        "redis+unix:///run/redis.sock?db=2", "redis+sentinel://a:1,b/main/2",
        "kafka://a:9092,b:9092?security=ssl&group=g", "http://127.0.0.1:9000",
        "https://s3.example/base"}) {
    EXPECT_EQ(without_secrets(address), address);
  }
}

TEST(WithoutSecrets, HidesWhoLogsInAndHow) {
  constexpr std::array<std::array<std::string_view, 2>, 9> kCases{
      {{"redis://user:pw@cache:1/3", "redis://***@cache:1/3"},
       {"redis://:pw@cache", "redis://***@cache"},
       {"redis://token@cache", "redis://***@cache"},
       {"redis://user:p@w@cache", "redis://***@cache"},
       {"redis+unix://:pw@/run/redis.sock", "redis+unix://***@/run/redis.sock"},
       {"kafka://u:pw@a:1,b:2?security=sasl_ssl", "kafka://***@a:1,b:2?security=sasl_ssl"},
       {"redis://user:p/w@cache", "redis://***"},
       {"redis://cache?password=pw&db=2", "redis://cache?***&db=2"},
       {"redis://cache/1#pw", "redis://cache/1***"}}};
  for (const auto& [address, shown] : kCases) EXPECT_EQ(without_secrets(address), shown);
}

// Each way to write a URL that one meets in the wild, right or wrong, with passwords in which each
// character of a URL stands in the middle.
TEST(WithoutSecrets, HidesPasswordsWhereverTheyStand) {
  constexpr std::string_view kPassword = "$";
  const char* const forms[] = {"redis://user:$@cache:6379/0",
                               "redis://:$@cache",
                               "redis://$@cache",
                               "redis://user:$@cache:port",
                               "redis://user:$@",
                               "redis://user:$@cache/x?y=z",
                               "redis://user:$@cache?a=b@c",
                               "redis://cache?password=$",
                               "redis://cache?$",
                               "redis://cache#$",
                               "redis:/user:$@cache",
                               "redis//user:$@cache",
                               "redis:user:$@cache",
                               "//user:$@cache",
                               "user:$@cache",
                               "redis ://user:$@cache",
                               "http://user:$@[::1]:9"};
  for (const std::string_view form : forms) {
    for (const char c : std::string_view("@/?#:%&=, []\\~")) {
      std::string address(form);
      address.replace(address.find(kPassword), 1, std::string("xyzzyone") + c + "plughtwo");
      const std::string shown = without_secrets(address);
      EXPECT_EQ(shown.find("xyzzy"), std::string::npos) << address << " is shown as " << shown;
      EXPECT_EQ(shown.find("plugh"), std::string::npos) << address << " is shown as " << shown;
    }
  }
  // Without its '@', what is left of the password is no host and no port.
  for (const char* address : {"redis://user:xyzzy", "redis://:xyzzy", "redis://user:xyzzy/0",
                              "redis://user:xyz$zy", "redis://xyz!zy", "redis://user:xyzzy?a=b"}) {
    EXPECT_EQ(without_secrets(address), "redis://***") << address;
  }
}

}  // namespace
}  // namespace thumbmill
