// What uploads leave free on a disk.
#include "unit/api/upload_fixture.h"

namespace thumbmill {
namespace {

// A disk on which `free` bytes of 100,000 are left, of which uploads must leave 5,000.
class FullDiskTest : public UploadTest {
 protected:
  Exchange post(const std::string& body, std::uint64_t free) {
    free_ = free;
    return call_on(service_, "POST", "/v1/images", {{"Content-Type", "image/jpeg"}}, body);
  }

  static UploadSettings reserving(const std::string& spool, const DiskReserve& reserve) {
    UploadSettings made = settings(spool);
    made.limits.disk_reserve = &reserve;
    return made;
  }

  std::uint64_t free_ = 0;
  const DiskReserve reserve_{5000, [this](const std::string& directory) {
                               EXPECT_EQ(directory, spool_.path());
                               return DiskSpace{.free = free_, .size = 100'000};
                             }};
  ApiService service_{reserving(spool_.path(), reserve_), api_parts()};
};

TEST_F(FullDiskTest, AnUploadLeavesTheReserveFree) {
  EXPECT_EQ(post(kJpeg, 5000 + kJpeg.size()).status(), 202);
  const Exchange refused = post(kJpeg, 5000 + kJpeg.size() - 1);
  EXPECT_EQ(refused.status(), 507);
  EXPECT_EQ(refused.json().at("code"), "disk-full");
  EXPECT_EQ(post(kJpeg, 0).status(), 507);
  EXPECT_EQ(store_.keys().size(), 1U);
  EXPECT_EQ(metrics_.value(metric::kUploads, {"exhausted"}), 2);
}

TEST_F(FullDiskTest, ABodyOfKnownLengthIsRefusedByItsHead) {
  free_ = 5100;
  const auto request = std::make_shared<HttpRequest>();
  request->method = "POST";
  request->path = "/v1/images";
  request->has_body = true;
  request->content_length = 101;
  request->fields.add("Content-Type", "image/jpeg");
  EXPECT_EQ(service_.begin(request)->on_body("\xff").code(), Code::exhausted);
  request->content_length = 100;
  EXPECT_EQ(service_.begin(request)->on_body("\xff").code(), Code::ok);
}

TEST_F(FullDiskTest, ABodyIsRefusedWhenOthersHaveTakenTheRoomMeanwhile) {
  free_ = 6000;
  const auto request = std::make_shared<HttpRequest>();
  request->method = "POST";
  request->path = "/v1/images";
  request->has_body = true;
  request->fields.add("Content-Type", "image/jpeg");
  const auto task = service_.begin(request);
  EXPECT_EQ(task->on_body(kJpeg).code(), Code::ok);
  free_ = 5000;
  EXPECT_EQ(task->on_body(kJpeg).code(), Code::exhausted);
}

TEST_F(FullDiskTest, ASmallDiskKeepsATwentiethFreeAndZeroNothing) {
  const auto space = [](const std::string&) { return DiskSpace{.free = 100, .size = 1000}; };
  EXPECT_EQ(DiskReserve(256 << 20, space).check("anywhere", 50).code(), Code::ok);
  EXPECT_EQ(DiskReserve(256 << 20, space).check("anywhere", 51).code(), Code::exhausted);
  EXPECT_EQ(DiskReserve(0, space).check("anywhere", 101).code(), Code::ok);
}

}  // namespace
}  // namespace thumbmill
