// What a user of Redis with few rights can do, and how it is told what is missing. That the rights
// in docs/redis.md are enough, the conformance tests show: they run as the user that it describes.
#include <set>

#include "fakes/documented_redis_user.h"
#include "queue/redis_fixture.h"
#include "redis/rights.h"

namespace thumbmill {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RedisRightsTest : public RedisFixture {
 protected:
  void SetUp() override {
    RedisFixture::SetUp();
    if (!IsSkipped()) start_server(with_documented_user({"--appendonly", "yes"}));
  }
  std::unique_ptr<RedisQueue> open_as_user() { return open(url_of_documented_user(*server_)); }
  void change_user(const std::string& rule) {
    ASSERT_FALSE(tell({"ACL", "SETUSER", "thumbmill", rule}).is_error()) << rule;
  }
};

TEST_F(RedisRightsTest, TheDocumentGrantsWhatIsNeededAndNoMore) {
  std::set<std::string> granted;
  for (const std::string& word : documented_redis_user()) {
    if (word.starts_with('+')) granted.insert(word.substr(1));
  }
  std::set<std::string> wanted = {"config|get", "info", "role", "select", "wait"};
  for (const std::string_view command : needed_redis_commands()) wanted.emplace(command);
  EXPECT_EQ(granted, wanted);
}

// With the server's time, as it is used.
TEST_F(RedisRightsTest, TheDocumentedUserIsDeniedNothing) {
  time_ = RedisTime::server;
  const auto queue = open_as_user();
  EXPECT_TRUE(queue->check({}).ok()) << queue->check({}).to_string();
  ASSERT_TRUE(queue->enqueue("a", {}).ok());
  auto leases = lease(*queue);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_TRUE(leases[0].ack({}).ok());
  EXPECT_THAT(log_.warnings(), IsEmpty());
  expect_nothing_denied(*server_);
}

TEST_F(RedisRightsTest, EachMissingCommandIsNamed) {
  time_ = RedisTime::server;
  for (const std::string_view command : needed_redis_commands()) {
    if (command == "eval" || command == "evalsha") continue;  // without which nothing can be asked
    const auto queue = open_as_user();
    change_user("-" + std::string(command));
    const Status status = queue->check({});
    EXPECT_EQ(status.code(), Code::unavailable) << command;
    EXPECT_THAT(status.message(), HasSubstr("may not run " + std::string(command) + " on"));
    change_user("+" + std::string(command));
  }
  EXPECT_TRUE(open_as_user()->check({}).ok());
}

TEST_F(RedisRightsTest, WithoutScriptsTheServersWordsSayWhatIsMissing) {
  change_user("-evalsha");
  const Status status = open_as_user()->check({});
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_THAT(status.to_string(), HasSubstr("evalsha"));
}

TEST_F(RedisRightsTest, AChannelThatIsMissingIsNamed) {
  change_user("resetchannels");
  EXPECT_THAT(open_as_user()->check({}).message(), HasSubstr("may not run publish, subscribe on"));
}

TEST_F(RedisRightsTest, ACommandThatAScriptMissesIsNoFaultOfOurs) {
  const auto queue = open_as_user();
  change_user("-zcard");
  EXPECT_EQ(queue->depth({}).status().code(), Code::unavailable);
}

TEST_F(RedisRightsTest, WarnsOnceWhenReplicasCannotBeWaitedFor) {
  ASSERT_TRUE(open_as_user()->enqueue("a", {}).ok());
  EXPECT_THAT(log_.warnings(), IsEmpty());
  std::size_t warnings = 0;
  for (const char* command : {"info", "wait"}) {
    change_user("-" + std::string(command));
    const auto queue = open_as_user();
    ASSERT_TRUE(queue->enqueue(command, {}).ok());
    tell({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_TRUE(queue->check({}).ok());
    EXPECT_EQ(log_.count(LogLevel::warning, "INFO or WAIT"), ++warnings) << command;
    change_user("+" + std::string(command));
  }
}

}  // namespace
}  // namespace thumbmill
