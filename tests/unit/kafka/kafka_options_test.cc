// The URLs of a Kafka cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/options.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string complaint(std::string_view url) {
  const auto options = parse_kafka_url(url);
  EXPECT_EQ(options.status().code(), Code::invalid_argument) << url;
  return options.status().to_string();
}

TEST(KafkaOptions, HasDefaults) {
  const KafkaOptions options = parse_kafka_url("kafka://one").value();
  EXPECT_EQ(options.servers, "one:9092");
  EXPECT_EQ(options.name("jobs"), "thumbmill.jobs");
  EXPECT_EQ(options.group, "workers");
  EXPECT_EQ(options.partitions, 12);
  EXPECT_EQ(options.replication, -1) << "the cluster's default";
  EXPECT_EQ(options.security, "plaintext");
}

TEST(KafkaOptions, ReadsEverything) {
  const KafkaOptions options =
      parse_kafka_url(
          "kafka://me:p%40ss@one:1,two,[::1]:3/?prefix=a.b&group=g&partitions=3&replication=2"
          "&security=sasl_ssl&mechanism=SCRAM-SHA-512&ca=%2Fca.pem")
          .value();
  EXPECT_EQ(options.servers, "one:1,two:9092,[::1]:3");
  EXPECT_EQ(options.user, "me");
  EXPECT_EQ(options.password, "p@ss");
  EXPECT_EQ(options.prefix, "a.b");
  EXPECT_EQ(options.group, "g");
  EXPECT_EQ(options.partitions, 3);
  EXPECT_EQ(options.replication, 2);
  EXPECT_EQ(options.security, "sasl_ssl");
  EXPECT_EQ(options.mechanism, "SCRAM-SHA-512");
  EXPECT_EQ(options.ca_file, "/ca.pem");
}

TEST(KafkaOptions, SaysWhatIsWrong) {
  EXPECT_THAT(complaint("redis://x"), HasSubstr("kafka://"));
  EXPECT_THAT(complaint("kafka://"), HasSubstr("no host"));
  EXPECT_THAT(complaint("kafka://:1"), HasSubstr("no host"));
  EXPECT_THAT(complaint("kafka://x:0"), HasSubstr("port"));
  EXPECT_THAT(complaint("kafka://x/topic"), HasSubstr("path"));
  EXPECT_THAT(complaint("kafka://x?color=red"), HasSubstr("allowed: prefix, group"));
  EXPECT_THAT(complaint("kafka://x?partitions=0"), HasSubstr("1 to 10000"));
  EXPECT_THAT(complaint("kafka://x?partitions="), HasSubstr("without a value"));
  EXPECT_THAT(complaint("kafka://x?prefix=a/b"), HasSubstr("letters"));
  EXPECT_THAT(complaint("kafka://x?security=tls"), HasSubstr("sasl_ssl"));
  EXPECT_THAT(complaint("kafka://x?security=sasl_ssl"), HasSubstr("user:password@"));
  EXPECT_THAT(complaint("kafka://x?ca=f"), HasSubstr("TLS"));
}

TEST(KafkaOptions, NeverRepeatsThePassword) {
  EXPECT_THAT(complaint("kafka://me:sesame@x"), Not(HasSubstr("sesame")));
  EXPECT_THAT(complaint("kafka://me:sesame@x:0"), Not(HasSubstr("sesame")));
  for (const std::string_view form :
       {"kafka://me:$@x", "kafka://me:$", "kafka://x:$?security=ssl", "kafka://x?$",
        "kafka://x?password=$", "kafka://x?prefix=$", "kafka://x?partitions=$",
        "kafka://x?security=$", "kafka://x/$", "kafk://me:$@x"}) {
    for (const char c : std::string_view("@/?#:%&=, []")) {
      std::string url(form);
      url.replace(url.find('$'), 1, std::string("xyzzyone") + c + "plughtwo");
      const auto parsed = parse_kafka_url(url);
      if (parsed.ok()) continue;
      EXPECT_THAT(parsed.status().to_string(), Not(HasSubstr("xyzzy"))) << url;
      EXPECT_THAT(parsed.status().to_string(), Not(HasSubstr("plugh"))) << url;
    }
  }
}

}  // namespace
}  // namespace thumbmill
