// Tasks that an application revokes: control messages, and what becomes of the tasks.
#include "queue/celery/revoked_tasks.h"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/eventually.h"
#include "queue/celery_fixture.h"

namespace thumbmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kChannel = "/0.celery.pidbox";

// As kombu's mailbox sends it; `arguments` and `more` are JSON.
std::string control(const std::string& method, const std::string& arguments,
                    const std::string& more = R"("destination":null,"pattern":null)") {
  const boost::json::string body(
      fmt::format(R"({{"method":"{}","arguments":{},{}}})", method, arguments, more));
  return fmt::format(R"({{"body":{},"content-encoding":"utf-8","content-type":"application/json",)"
                     R"("headers":{{"clock":1,"expires":0}},"properties":{{"delivery_tag":"t"}}}})",
                     boost::json::serialize(body));
}

TEST(RevokedTasks, AreNamedByControlMessages) {
  EXPECT_THAT(revoked_by(control("revoke", R"({"task_id":"a","terminate":false})")),
              ElementsAre("a"));
  EXPECT_THAT(revoked_by(control("revoke", R"({"task_id":["a",7,"b"]})")), ElementsAre("a", "b"));
  EXPECT_THAT(revoked_by(control("revoke", R"({"task_id":"a"})", R"("destination":["w1@host"])")),
              IsEmpty())
      << "it is for a worker of another name";
  for (const std::string& other :
       {control("ping", "{}"), control("revoke", "{}"), control("revoke", "7"),
        control("revoke", R"({"task_id":")" + std::string(300, 'x') + "\"}"), std::string("7"),
        std::string(R"({"body":7})"), std::string()}) {
    EXPECT_THAT(revoked_by(other), IsEmpty()) << other;
  }
}

TEST_F(CeleryQueueTest, RevokedTasksAreNotDone) {
  ASSERT_TRUE(eventually("the queue hears control messages", [&] {
    return redis({"PUBSUB", "NUMSUB", kChannel}).list.at(1).integer == 1;
  }));
  publish(message("a"));
  publish(message("quiet", R"(,"ignore_result":true)"));
  redis({"PUBLISH", kChannel, "no message at all"});
  redis({"PUBLISH", kChannel, control("revoke", R"({"task_id":["a","quiet"]})")});
  // It may hear of it a moment after a task was leased, which is then handed back.
  ASSERT_TRUE(eventually("both are gone", [&] {
    for (Lease& taken : lease(2)) static_cast<void>(taken.hand_back({}));
    return unacked() + length("celery") == 0;
  }));
  EXPECT_EQ(result_of("a").at("status"), "REVOKED");
  EXPECT_EQ(result_of("a").at("result").at("exc_type"), "TaskRevokedError");
  EXPECT_TRUE(result_of("quiet").empty());
  publish(message("b"));
  EXPECT_EQ(lease_one().id(), "b");
}

}  // namespace
}  // namespace thumbmill
