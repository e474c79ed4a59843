#include "queue/leadership.h"

#include "queue/redis/redis_leadership.h"
#include "queue/redis_fixture.h"

namespace thumbmill {
namespace {

using namespace std::chrono_literals;

TEST(SoleLeadership, AlwaysLeads) {
  SoleLeadership leadership;
  EXPECT_TRUE(leadership.hold("janitor", 1s, {}).value());
  EXPECT_TRUE(leadership.release("janitor", {}).ok());
  EXPECT_TRUE(leadership.hold("janitor", 1s, {}).value());
}

class RedisLeadershipTest : public RedisFixture {
 protected:
  std::unique_ptr<RedisLeadership> candidate() {
    RedisOptions options = parse_redis_url(server_->url()).value();
    return std::make_unique<RedisLeadership>(options, clock_, log_);
  }
};

TEST_F(RedisLeadershipTest, OneLeadsUntilItReleases) {
  start_server();
  const auto first = candidate();
  const auto second = candidate();
  EXPECT_TRUE(first->hold("janitor", 1h, {}).value());
  EXPECT_TRUE(first->hold("janitor", 1h, {}).value());
  EXPECT_FALSE(second->hold("janitor", 1h, {}).value());
  EXPECT_TRUE(second->hold("metrics", 1h, {}).value()) << "another role";
  EXPECT_TRUE(second->release("janitor", {}).ok());
  EXPECT_FALSE(second->hold("janitor", 1h, {}).value()) << "releasing another's lead does nothing";
  EXPECT_TRUE(first->release("janitor", {}).ok());
  EXPECT_TRUE(second->hold("janitor", 1h, {}).value());
  EXPECT_FALSE(first->hold("janitor", 1h, {}).value());
}

TEST_F(RedisLeadershipTest, OneLeadsWhileTheServerIsFull) {
  start_server({"--maxmemory", "1"});
  const auto first = candidate();
  const Result<bool> held = first->hold("janitor", 1h, {});
  ASSERT_TRUE(held.ok()) << held.status().to_string();
  EXPECT_TRUE(*held);
  EXPECT_TRUE(first->release("janitor", {}).ok());
}

TEST_F(RedisLeadershipTest, ALeaderThatDoesNotRenewIsSucceeded) {
  start_server();
  const auto first = candidate();
  const auto second = candidate();
  EXPECT_TRUE(first->hold("janitor", 1ms, {}).value());
  while (!second->hold("janitor", 1h, {}).value()) continue;
  EXPECT_FALSE(first->hold("janitor", 1h, {}).value());
}

// Else what anybody writes there once would be the end of the sweep.
TEST_F(RedisLeadershipTest, AHolderThatIsNoProcessOfOursIsSucceeded) {
  start_server();
  const std::string key = "{thumbmill}:leader:janitor";
  const std::vector<RedisCommand> foreign = {
      {"SET", key, "evil"}, {"SET", key, "evil", "EX", "86400"}, {"HSET", key, "evil", "evil"}};
  for (const RedisCommand& command : foreign) {
    tell({"DEL", key});
    tell(command);
    const auto leader = candidate();
    EXPECT_TRUE(leader->release("janitor", {}).ok()) << command[0];
    EXPECT_TRUE(leader->hold("janitor", 30s, {}).value()) << command[0];
    EXPECT_FALSE(candidate()->hold("janitor", 30s, {}).value()) << "it is ours now";
  }
}

TEST_F(RedisLeadershipTest, NobodyLeadsWhileTheServerIsAway) {
  start_server();
  const auto leader = candidate();
  EXPECT_TRUE(leader->hold("janitor", 1h, {}).value());
  server_->process().kill();
  EXPECT_EQ(leader->hold("janitor", 1h, {}).status().code(), Code::unavailable);
}

}  // namespace
}  // namespace thumbmill
