// How a real Kafka is reached, and what is said where that fails.
#include <gmock/gmock.h>

#include "fakes/quiet.h"
#include "kafka/brokers.h"
#include "queue/kafka/kafka_queue.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class KafkaLoginTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT(one_broker());
    options_.prefix = new_kafka_prefix();
  }
  Status check(const std::string& listener, const std::string& security) {
    options_.servers = one_broker().servers(listener);
    options_.security = security;
    const auto queue = KafkaQueue::open(options_, clock_, log_);
    if (!queue.ok()) return queue.status();
    return (*queue)->check({});
  }

  SystemClock clock_;
  NoLogger log_;
  KafkaOptions options_;
};

TEST_F(KafkaLoginTest, WorksByPasswordAndTls) {
  options_.user = "admin";
  options_.password = "admin-secret";
  EXPECT_TRUE(check("sasl_plaintext", "sasl_plaintext").ok());
  options_.ca_file = one_broker().ca_file();
  const Status both = check("sasl_ssl", "sasl_ssl");
  EXPECT_TRUE(both.ok()) << both.to_string();
}

TEST_F(KafkaLoginTest, SaysThatThePasswordIsWrong) {
  options_.user = "admin";
  options_.password = "sesame";
  const Status status = check("sasl_plaintext", "sasl_plaintext");
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.to_string(), HasSubstr("Invalid username or password"));
  EXPECT_THAT(status.to_string(), Not(HasSubstr("sesame")));
}

TEST_F(KafkaLoginTest, SaysThatTheAuthorityIsUnknown) {
  EXPECT_THAT(check("ssl", "ssl").to_string(), HasSubstr("certificate"));
}

TEST_F(KafkaLoginTest, SaysThatThePortWantsTls) {
  EXPECT_THAT(check("ssl", "plaintext").to_string(), HasSubstr("SSL listener"));
}

TEST_F(KafkaLoginTest, SaysThatThePortHasNoTls) {
  EXPECT_THAT(check("plaintext", "ssl").to_string(), HasSubstr("SSL handshake failed"));
}

}  // namespace
}  // namespace thumbmill
