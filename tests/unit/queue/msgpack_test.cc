#include "queue/celery/msgpack.h"

#include <string>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace thumbmill {
namespace {

using namespace std::string_literals;

std::string read(std::string_view bytes) {
  const auto value = parse_msgpack(bytes);
  return value ? boost::json::serialize(*value) : "none";
}

// The formats of the specification, one by one.
TEST(Msgpack, IsReadAsJson) {
  EXPECT_EQ(read("\xc0"s), "null");
  EXPECT_EQ(read("\xc2"s), "false");
  EXPECT_EQ(read("\xc3"s), "true");
  EXPECT_EQ(read("\x7f"s), "127");
  EXPECT_EQ(read("\xe0"s), "-32");
  EXPECT_EQ(read("\xcc\xff"s), "255");
  EXPECT_EQ(read("\xcd\x01\x00"s), "256");
  EXPECT_EQ(read("\xce\xff\xff\xff\xff"s), "4294967295");
  EXPECT_EQ(read("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s), "18446744073709551615");
  EXPECT_EQ(read("\xd0\x80"s), "-128");
  EXPECT_EQ(read("\xd1\xff\x00"s), "-256");
  EXPECT_EQ(read("\xd2\xff\xff\xff\xfe"s), "-2");
  EXPECT_EQ(read("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"s), "-1");
  EXPECT_EQ(read("\xca\x3f\x00\x00\x00"s), "5E-1");
  EXPECT_EQ(read("\xcb\xbf\xe0\x00\x00\x00\x00\x00\x00"s), "-5E-1");
  EXPECT_EQ(read("\xa1y"s), R"("y")");
  EXPECT_EQ(read("\xd9\x01y"s), R"("y")");
  EXPECT_EQ(read("\xda\x00\x01y"s), R"("y")");
  EXPECT_EQ(read("\xdb\x00\x00\x00\x01y"s), R"("y")");
  EXPECT_EQ(read("\xc4\x01y"s), R"("y")");
  EXPECT_EQ(read("\xc5\x00\x01y"s), R"("y")");
  EXPECT_EQ(read("\xc6\x00\x00\x00\x01y"s), R"("y")");
  EXPECT_EQ(read("\x92\x01\x90"s), "[1,[]]");
  EXPECT_EQ(read("\xdc\x00\x01\x01"s), "[1]");
  EXPECT_EQ(read("\xdd\x00\x00\x00\x01\x01"s), "[1]");
  EXPECT_EQ(read("\x81\xa1y\x80"s), R"({"y":{}})");
  EXPECT_EQ(read("\xde\x00\x01\xa1y\x01"s), R"({"y":1})");
  EXPECT_EQ(read("\xdf\x00\x00\x00\x01\xa1y\x01"s), R"({"y":1})");
}

TEST(Msgpack, AnythingElseIsNone) {
  for (const std::string& bytes :
       {""s, "\xc1"s, "\x01\x01"s, "\xcd\x01"s, "\xa2y"s, "\xdb\xff\xff\xff\xff"s,
        "\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff\xa1y"s, "\x81\x01\x01"s, "\xd4\x01\x01"s,
        "\xc7\x01\x01\x01"s, std::string(100, '\x91') + "\xc0"}) {
    EXPECT_EQ(read(bytes), "none") << bytes.size();
  }
  EXPECT_EQ(read(std::string(31, '\x91') + "\x01"),
            std::string(31, '[') + "1" + std::string(31, ']'));
}

}  // namespace
}  // namespace thumbmill
