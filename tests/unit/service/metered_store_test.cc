#include "service/metered_store.h"

#include "unit/service/harness.h"

namespace thumbmill {
namespace {

using MeteredStoreTest = ServiceTest;

TEST_F(MeteredStoreTest, CountsEveryCallByItsCode) {
  MeteredStore metered(store, metrics);
  const PutOptions if_absent{.metadata = {}, .if_absent = true};
  EXPECT_TRUE(metered.put("a/b", Blob("x"), if_absent, {}).ok());
  EXPECT_EQ(metered.put("a/b", Blob("x"), if_absent, {}).code(), Code::conflict);
  EXPECT_EQ(metered.get("a/b", {}).value().body.to_string().value(), "x");
  EXPECT_EQ(metered.head("a/c", {}).status().code(), Code::not_found);
  EXPECT_TRUE(metered.copy("a/b", "a/c", {}).ok());
  EXPECT_EQ(metered.list("a/", {}, 10, {}).value().size(), 2u);
  EXPECT_TRUE(metered.remove("a/b", {}).ok());
  EXPECT_TRUE(metered.check({}).ok());
  EXPECT_TRUE(metered.remove_unfinished({}, {}).ok());
  EXPECT_EQ(metered.spool_directory(), store.spool_directory());
  for (const char* op : {"put", "get", "copy", "list", "remove", "check", "remove_unfinished"}) {
    EXPECT_EQ(metrics.value(metric::kStoreRequests, {op, "ok"}), 1) << op;
  }
  EXPECT_EQ(metrics.value(metric::kStoreRequests, {"put", "conflict"}), 1);
  EXPECT_EQ(metrics.value(metric::kStoreRequests, {"head", "not_found"}), 1);
}

}  // namespace
}  // namespace thumbmill
